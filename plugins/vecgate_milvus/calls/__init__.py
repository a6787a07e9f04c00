"""Milvus over gRPC."""
