"""The common schema and chart, the workbench that proves a dossier's books, the store that keeps and publishes them."""
