"""vecgate: an identity-aware gateway for vector databases."""
