"""Qdrant dialect."""
