"""The operator's configuration: YAML, validated, every error with file, line, column and key."""
