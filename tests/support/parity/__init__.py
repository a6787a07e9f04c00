"""One table of calls with the stock Chroma client, run against a server itself and through the gateway."""
