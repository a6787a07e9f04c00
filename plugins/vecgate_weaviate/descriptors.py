"""Descriptors: Weaviate's published protobuf files."""

from __future__ import annotations

from typing import Final

from vecgate.operations.protobuf import Descriptors

DESCRIPTORS: Final = Descriptors.of("vecgate_weaviate")
"""`weaviate.v1.Weaviate`, with gRPC's health check."""
