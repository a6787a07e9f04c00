"""Descriptors: Qdrant's published protobuf files."""

from __future__ import annotations

from typing import Final

from vecgate.operations.protobuf import Descriptors

DESCRIPTORS: Final = Descriptors.of("vecgate_qdrant")
