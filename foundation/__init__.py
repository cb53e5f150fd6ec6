"""What every floor stands on: the error tree, secrets that do not print, the state folder."""
