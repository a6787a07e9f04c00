"""Limits by principal on requests, operations and returned records."""
