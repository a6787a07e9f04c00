"""Pinecone dialect."""
