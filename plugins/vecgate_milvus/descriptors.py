"""Descriptors: Milvus' published protobuf files."""

from __future__ import annotations

from typing import Final

from vecgate.operations.protobuf import Descriptors

DESCRIPTORS: Final = Descriptors.of("vecgate_milvus")
"""`MilvusService` and the small services beside it, with gRPC's health check."""
