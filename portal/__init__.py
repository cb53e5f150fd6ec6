"""People's door: the command line."""
