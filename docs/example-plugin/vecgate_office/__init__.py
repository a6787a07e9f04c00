"""What vecgate loads: the hooks of this plugin, each in a line or two."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vecgate.hookspecs import hookimpl
from vecgate.masking.strategies import FieldStrategy
from vecgate.operations.model import Action, Operation

from vecgate_office.hours import Hours
from vecgate_office.initials import Initials

HOURS = Hours.parse(os.environ.get("OFFICE_HOURS", "8-18"))
NOTICES = Path(os.environ.get("OFFICE_NOTICES", "notices.txt"))
CHANGES = {Action.WRITE, Action.DELETE, Action.ADMIN}


@hookimpl
def vecgate_mask_strategies() -> Mapping[str, FieldStrategy]:
    return {"initials": Initials()}


@hookimpl
def vecgate_veto(operations: Sequence[Operation]) -> str | None:
    changes = any(operation.action in CHANGES for operation in operations)
    return f"Changes are made from {HOURS}." if changes and datetime.now(UTC) not in HOURS else None


@hookimpl
def vecgate_approval_opened(ticket: Mapping[str, Any]) -> None:
    with NOTICES.open("a", encoding="utf-8") as file:
        file.write(f"{ticket['id']}: {ticket['name']} waits for a reviewer ({ticket['rule']})\n")
