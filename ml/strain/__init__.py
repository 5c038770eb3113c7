"""Simulated detector strain, glitches in it, and the pictures that Gravity Spy makes of them."""
