"""The hooks that plugins implement, as pluggy specifications. Bundled parts use the same ones.

docs/hooks.md describes each with a runnable example; a test holds its signatures to these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from vecgate.identity.principal import Principal
    from vecgate.masking.strategies import FieldStrategy, VectorStrategy
    from vecgate.operations.dialect import Dialect
    from vecgate.operations.model import Operation
    from vecgate.reporting import Section

PROJECT = "vecgate"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def vecgate_dialects() -> Sequence[Dialect]:
    """Contribute dialects. Called once at start; two dialects of one name stop the start."""
    raise NotImplementedError


@hookspec(firstresult=True)
def vecgate_authenticate(token: str, connection: str) -> Principal | None:
    """Turn a credential that no configured issuer's JWT is into a principal.

    Called on the event loop before the JWT check: do not block. Return None to leave it to others; raise
    `vecgate.errors.Refusal` to refuse. An exception refuses the request.
    """


@hookspec
def vecgate_veto(principal: Principal, operations: Sequence[Operation], connection: str) -> str | None:
    """Refuse what policy allowed. Return the detail shown to the client, or None. Never grants anything.

    Called after policy on every request, on the event loop: do not block. An exception refuses the request.
    """


@hookspec
def vecgate_mask_strategies() -> Mapping[str, FieldStrategy | VectorStrategy]:
    """Contribute mask strategies by name. Called once at start; a name that is taken stops the start."""
    raise NotImplementedError


@hookspec(firstresult=True)
def vecgate_secret(reference: str) -> str | None:
    """Resolve a reference such as `vault:…`. Called at start and reload, may block.

    Return None if the scheme is not this plugin's. An exception stops the start with the reference's name.
    """


@hookspec
def vecgate_approval_opened(ticket: Mapping[str, Any]) -> None:
    """A ticket waits for a reviewer: notify somebody. Called in a thread; an exception is logged, never an approval."""


@hookspec
def vecgate_approval_decided(ticket: Mapping[str, Any]) -> None:
    """A ticket was approved, denied or expired. Called in a thread; an exception is logged."""


@hookspec
def vecgate_evidence(line: bytes) -> None:
    """A record that is durable, byte for byte as in the segment: copy it to a sink outside the host.

    Called in the writer's thread, in order. An exception makes evidence unavailable: new work stops.
    """


@hookspec
def vecgate_report_sections(session: Mapping[str, Any]) -> Sequence[Section]:
    """Contribute sections to a session's HTML report. Called when a report is made."""
    raise NotImplementedError


@hookspec
def vecgate_cli(app: Any) -> None:
    """Add verbs to the command line. `app` is the Typer application."""
