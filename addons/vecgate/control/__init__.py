"""The control plane: a small authenticated API on its own port."""
