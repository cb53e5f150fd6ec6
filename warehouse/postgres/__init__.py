"""The warehouse on Postgres, for a team: every dossier loads by itself, and readers see what was committed."""
