"""Who is asking: credentials become principals, or nothing goes on."""
