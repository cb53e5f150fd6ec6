"""The portal: web pages and a JSON API for the people of an accounting firm, served beside Dagster."""
