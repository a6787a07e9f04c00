"""People: signing in at the issuer from a terminal, and the short-lived tokens that come of it."""
