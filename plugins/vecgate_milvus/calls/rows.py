"""Rows: how the rows of calls are made; what a name says of them, they have in common."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from vecgate.operations.messages import GRPC
from vecgate.operations.model import Action, Risk, Scope
from vecgate.operations.table import Row

SERVICE: Final = "milvus.proto.milvus.MilvusService"
TELEMETRY: Final = "milvus.proto.milvus.ClientTelemetryService"


def row(method: str, action: Action, *resources: str, within: str = SERVICE, **more: Any) -> Row:
    return Row(f"{within.rpartition('.')[2]}/{method}", GRPC, f"/{within}/{method}", action, resources, **more)


def refused(method: str, why: str, within: str = SERVICE) -> Row:
    return row(method, Action.ADMIN, "**", within=within, refused=why)


def _with(action: Action, *resources: str) -> Callable[..., Row]:
    def made(method: str, *risks: Risk, **more: Any) -> Row:
        return row(method, action, *resources, risks=risks, **more)

    return made


on_collection: Final = _with(Action.ADMIN, "{database}/{collection}")
of_collection: Final = _with(Action.META, "{database}/{collection}")
read_collection: Final = _with(Action.READ, "{database}/{collection}")
on_database: Final = _with(Action.ADMIN, "{database}")
on_server: Final = _with(Action.ADMIN, "**")
of_server: Final = _with(Action.META, "**")
access: Final = partial(on_server, note="Users, roles and rights of the database itself.")
service: Final = partial(row, action=Action.META, scope=Scope.SERVICE)
