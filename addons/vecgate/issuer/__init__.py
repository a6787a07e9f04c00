"""The gateway's own issuer: short-lived tokens for service accounts and for agents that act for people."""
