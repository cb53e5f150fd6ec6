"""The hub's side of the on-premise service: what :mod:`agent.protocol` says, answered."""
