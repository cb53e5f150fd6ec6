"""The one synthetic company that every package's sandbox tells in its own dialect."""
