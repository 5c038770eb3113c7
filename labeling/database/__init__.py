"""Postgres as the site uses it: Django's own backend with what many small requests need."""
