"""One room per package: the wire, the way to the common schema, and the package's sandbox."""
