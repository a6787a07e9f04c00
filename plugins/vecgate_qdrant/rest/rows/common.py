"""What many rows share: paths, resources, query keys."""

from __future__ import annotations

from typing import Final

from vecgate.operations.model import Action
from vecgate.operations.shapes import Kind, OneOf, enumeration
from vecgate.operations.table import Row
from vecgate_qdrant.rest.kinds import SIZE, UINT

COLLECTION: Final = "/collections/{collection_name}"
NAMED: Final = ("{collection_name}",)
FLAG: Final = enumeration("true", "false")
TIMEOUT: Final[dict[str, Kind]] = {"timeout": SIZE}
CONSISTENCY: Final[dict[str, Kind]] = {"consistency": OneOf((UINT, enumeration("majority", "quorum", "all")))}
READING: Final[dict[str, Kind]] = {**CONSISTENCY, **TIMEOUT}
WRITING: Final[dict[str, Kind]] = {"wait": FLAG, "ordering": enumeration("weak", "medium", "strong"), **TIMEOUT}
WAIT: Final[dict[str, Kind]] = {"wait": FLAG}


def refused(operation: str, method: str, path: str, why: str) -> Row:
    return Row(operation, method, path, Action.ADMIN, refused=why)
