"""Session report."""
