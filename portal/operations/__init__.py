"""What the command line, the pages and the JSON API all do: one way to connect, to link, and to refresh."""
