"""Weaviate dialect."""
