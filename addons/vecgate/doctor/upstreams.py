"""Upstreams: whether each database takes the gateway's credential, and nobody else's.

A database that answers strangers makes the gateway a detour: whoever reaches it needs no gateway. So each is asked
once as the gateway, once as nobody and once with a user's token, by every wire that the connection has.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Collection
from enum import Enum, auto

from vecgate.assembly import credential_of, upstream_of
from vecgate.config.load import Loaded
from vecgate.config.models import Connection
from vecgate.doctor.diagnosis import Diagnosis, failure, good, warning
from vecgate.errors import ConfigError, Unavailable
from vecgate.hooks import Hooks
from vecgate.operations import grpc
from vecgate.operations.messages import GRPC, Answer, Outgoing
from vecgate.runtime import Fields, Upstream

UNSIGNED = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ2ZWNnYXRlLWRvY3RvciJ9.AAAA"
"""Formed like a token; signed by nobody."""
_DISLIKED = frozenset({"2", "3", "5", "9", "11"})
"""gRPC codes of a database that knows who asks, and does not like what: there is no such collection."""
_UNKNOWN_CALLER = re.compile("auth|anonymous|api.?key|permission|forbidden", re.IGNORECASE)
ENCLOSE = "give it an access key, or let nobody but the gateway reach it"


class Reception(Enum):
    """What became of somebody who asked."""

    ANSWERED = auto()
    TURNED_AWAY = auto()
    UNCLEAR = auto()


async def examine(loaded: Loaded, hooks: Hooks, token: str, enclosed: Collection[str] = ()) -> AsyncIterator[Diagnosis]:
    for connection in loaded.config.connections:
        subject = f"connections.{connection.name}"
        try:
            upstream = await _opened(connection, loaded, hooks)
        except ConfigError as error:
            for finding in error.findings:
                yield failure(subject, f"{finding.key}: {finding.message}")
            continue
        try:
            for each in await examined(subject, upstream, token, connection.name in enclosed):
                yield each
        except Exception as error:  # a plugin's probes raise what they like, and quote what they like
            yield failure(subject, f"it cannot be examined: {type(error).__name__}")
        finally:
            await closed(upstream)


async def open_to_anyone(upstream: Upstream) -> bool:
    """Whether the database answers who brings no credential. False where nobody can tell."""
    for probe in _probes(upstream):
        if await _received(upstream, probe, ()) is Reception.ANSWERED:
            return True
    return False


async def closed(upstream: Upstream) -> None:
    if upstream.credential is not None:
        await upstream.credential.stop()
    await upstream.client.aclose()


async def _opened(connection: Connection, loaded: Loaded, hooks: Hooks) -> Upstream:
    """Raises ConfigError."""
    credential = await credential_of(connection, loaded, hooks, None)
    dialect = hooks.dialects()[connection.dialect]
    return await asyncio.to_thread(upstream_of, connection, dialect, loaded, credential, None)


async def examined(subject: str, upstream: Upstream, token: str, enclosed: bool) -> list[Diagnosis]:
    """One database. Never raises for what it answers or does not answer."""
    found: list[Diagnosis] = []
    where = upstream.authority.decode()
    problems = []
    for probe in _probes(upstream):
        wire = "gRPC" if probe.method == GRPC else "HTTP"
        try:
            answer = await upstream.ask(probe, upstream.proof())
            if not _speaks(answer, probe):
                continue
            found.append(_credential(subject, upstream, f"{where} over {wire}", _reception(upstream, probe, answer)))
            found += [
                _stranger(subject, f"{where} over {wire}", who, await _received(upstream, probe, fields), enclosed)
                for who, fields in _strangers(upstream, token)
            ]
        except Unavailable as error:
            problems.append(error.detail or str(error.reason))
    if not found:
        why = problems[0] if problems else f"it does not speak as {upstream.dialect.name} does"
        return [failure(subject, f"{where}: {why}", "requests are refused with 502 or 503")]
    return found


def _probes(upstream: Upstream) -> list[Outgoing]:
    """Those that the connection could carry."""
    probes = upstream.dialect.probes(upstream.site)
    return [each for each in probes if upstream.http2 or each.method != GRPC]


def _strangers(upstream: Upstream, token: str) -> list[tuple[str, Fields]]:
    own = upstream.credential.header if upstream.credential is not None else b""
    headers = dict.fromkeys((b"authorization", upstream.dialect.credential.name.encode(), own))
    fields = [(name, b"Bearer " + token.encode() if name == b"authorization" else token.encode()) for name in headers]
    tokens = [(f"a user's token in {field[0].decode()}", (field,)) for field in fields if field[0]]
    return [("a stranger", ()), *tokens]


async def _received(upstream: Upstream, probe: Outgoing, fields: Fields) -> Reception:
    """To be told nothing says nothing: a database that is down for a moment turns nobody away."""
    try:
        answer = await upstream.ask(probe, fields)
    except Unavailable:
        return Reception.UNCLEAR
    return _reception(upstream, probe, answer)


def _reception(upstream: Upstream, probe: Outgoing, answer: Answer) -> Reception:
    """httpx shows no trailers: a call with a whole message behind it went well. Some servers fail with the code for
    everything else (UNKNOWN) and say in words that they do not know who asks. A proxy turns away from a gRPC call in
    plain HTTP; any other answer of the other wire is not the database's word on who asks."""
    failed = answer.header("grpc-status") in _DISLIKED
    unknown = answer.header("grpc-status") == "2" and _UNKNOWN_CALLER.search(answer.header("grpc-message"))
    if unknown or upstream.dialect.turned_away(answer):
        return Reception.TURNED_AWAY
    if not _speaks(answer, probe):
        return Reception.UNCLEAR
    if probe.method == GRPC:
        return Reception.ANSWERED if answer.body or failed else Reception.UNCLEAR
    return Reception.ANSWERED if answer.status < 300 or answer.status == 404 else Reception.UNCLEAR


def _speaks(answer: Answer, probe: Outgoing) -> bool:
    """The answer is one of the wire that was asked by."""
    return (answer.header("content-type").partition(";")[0] in grpc.MEDIA) is (probe.method == GRPC)


def _credential(subject: str, upstream: Upstream, where: str, reception: Reception) -> Diagnosis:
    brought = "the gateway's credential" if upstream.credential is not None else "no credential"
    match reception:
        case Reception.ANSWERED:
            return good(subject, f"{where} answers the gateway, with {brought}")
        case Reception.TURNED_AWAY:
            return failure(subject, f"{where} does not accept {brought}", "set connections[].credential")
        case _:
            return warning(subject, f"{where} failed when the gateway asked, with {brought}")


def _stranger(subject: str, where: str, who: str, reception: Reception, enclosed: bool) -> Diagnosis:
    match reception:
        case Reception.TURNED_AWAY:
            return good(subject, f"{where} turns away {who}")
        case Reception.ANSWERED if enclosed:
            return warning(subject, f"{where} answers {who}; said to be reached by the gateway alone")
        case Reception.ANSWERED:
            return failure(
                subject, f"{where} ANSWERS {who.upper()}: whoever reaches it goes round the gateway", ENCLOSE
            )
        case _:
            return warning(subject, f"{where} failed when asked with {who}: it cannot be told")
