"""Chroma dialect."""
