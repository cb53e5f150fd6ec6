"""The JSON API, one module per thing that people do. Each has ``router``; :mod:`portal.web.app` includes them all."""
