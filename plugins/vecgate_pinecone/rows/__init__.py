"""Rows: Pinecone's operations, by where they are asked for."""
