"""Vectors of glitches in which the unknown is to be clustered."""
