"""The on-premise service: reads dossiers on a firm's own server and brings them to the hub, speaking only outwards."""
