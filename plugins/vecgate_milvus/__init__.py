"""Milvus dialect."""
