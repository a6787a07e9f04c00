"""The hooks that plugins implement, as pluggy specifications. Bundled parts use the same ones.

An implementation is a plain function (no coroutine, no wrapper) marked with `hookimpl`; it may take fewer arguments.
Arguments are shared with the rest of the gateway: read them, do not change them. docs/hooks.md describes each hook with
a runnable example; a test holds the page to this file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from vecgate.identity.directory import Directory
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
    """Contribute dialects.

    Called: once at start and at each reload.
    Returns: dialects. Two of one name stop the start.
    Raises: any exception stops the start, with the plugin's name.
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def vecgate_authenticate(token: str, connection: str) -> Principal | None:
    """Turn a credential that no configured issuer's JWT is into a principal.

    Called: for every request with a credential, on the event loop before the JWT check: do not block.
    Returns: the principal, or None to leave the credential to other plugins and to the issuers.
    Raises: `vecgate.errors.Refusal` to refuse with its reason; any other exception refuses the request, too.
    """


@hookspec
def vecgate_veto(principal: Principal, operations: Sequence[Operation], connection: str) -> str | None:
    """Refuse what policy did not deny. Never grants anything.

    Called: after policy, for every request that it did not deny, once for the principal and once for each of its
        actors, on the event loop: do not block.
    Returns: the detail that the client is shown, with reason `vetoed`; None to say nothing. Anything but None refuses.
    Raises: any exception refuses the request.
    """


@hookspec
def vecgate_mask_strategies() -> Mapping[str, FieldStrategy | VectorStrategy]:
    """Contribute mask strategies.

    Called: once at start and at each reload.
    Returns: strategies by the name that configuration writes before the colon. A name that is taken stops the start.
    Raises: any exception stops the start, with the plugin's name.
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def vecgate_secret(reference: str) -> str | None:
    """Resolve a reference such as `vault:…` in configuration.

    Called: at start, at each reload, and every `refresh` of the credential, in a thread; may block.
    Returns: the secret, or None if the scheme is not this plugin's.
    Raises: any exception stops the start; later, the last good secret is used for the credential's `grace`. The text
        of `vecgate.errors.SecretError` is shown to the operator, of any other exception its type.
    """


@hookspec(firstresult=True)
def vecgate_directory(source: str, folder: Path) -> Directory | None:
    """Contribute a directory of groups, for issuers whose tokens leave them out.

    Called: at start and at each reload, for each issuer with a `directory`; may block. `source` is what configuration
        says, `folder` is the configuration's.
    Returns: the directory, or None if the source is not this plugin's.
    Raises: any exception stops the start, or the reload: ConfigError as it is, any other with the plugin's name.
    """


@hookspec
def vecgate_approval_opened(ticket: Mapping[str, Any]) -> None:
    """Tell somebody that a ticket waits for a reviewer.

    Called: in a thread, once the ticket is durable; may block.
    Returns: nothing that counts: a ticket is decided by reviewers alone.
    Raises: an exception is logged; other plugins are told all the same.
    """


@hookspec
def vecgate_approval_decided(ticket: Mapping[str, Any]) -> None:
    """Tell somebody that a ticket was approved, denied or has expired.

    Called: in a thread, once the decision is durable; may block.
    Returns: nothing that counts.
    Raises: an exception is logged; other plugins are told all the same.
    """


@hookspec
def vecgate_evidence(line: bytes) -> None:
    """Copy a record to a sink outside the host.

    Called: in the writer's thread, in order, for each record once it is durable; `line` is byte for byte as in the
        segment, with its newline. Slow sinks slow down whatever waits for evidence.
    Returns: nothing that counts.
    Raises: any exception makes evidence unavailable: new work stops.
    """


@hookspec
def vecgate_report_sections(session: Mapping[str, Any]) -> Sequence[Section]:
    """Contribute sections to a session's HTML report.

    Called: when a report is made.
    Returns: sections, shown in this order after those of the bundled report.
    Raises: any exception ends the report, with the plugin's name.
    """
    raise NotImplementedError


@hookspec
def vecgate_cli(app: Any) -> None:
    """Add verbs to the command line. `app` is the Typer application.

    Called: when the command line starts.
    Returns: nothing that counts.
    Raises: any exception ends the command, with the plugin's name.
    """
