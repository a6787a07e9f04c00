"""The demo: the whole product on embedded parts, with a real database, a real issuer and real clients."""
