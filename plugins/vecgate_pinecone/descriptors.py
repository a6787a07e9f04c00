"""The engine's own descriptors, from its published `.proto` file (`just protos`)."""

from __future__ import annotations

from typing import Final

from vecgate.operations.protobuf import Descriptors

DESCRIPTORS: Final = Descriptors.of("vecgate_pinecone")
