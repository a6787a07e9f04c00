"""What surrounds a gateway, asked before people depend on it: versions, issuers, state, evidence, databases."""
