"""Nota's library of methods: arrays in, arrays or frozen dataclasses out."""
