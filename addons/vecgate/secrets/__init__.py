"""Secrets are references in configuration; here they become values."""
