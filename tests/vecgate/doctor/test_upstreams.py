"""Upstreams: what each kind of answer says of a database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from tests.support.stages import Scene

from vecgate.doctor.diagnosis import Status
from vecgate.doctor.upstreams import UNSIGNED, examined, open_to_anyone
from vecgate.hooks import Hooks
from vecgate.operations import grpc
from vecgate.operations.classify import classify
from vecgate.operations.dialect import Dialect
from vecgate.operations.messages import GRPC
from vecgate.operations.model import Action
from vecgate.operations.site import Site
from vecgate.runtime import Upstream

type Answering = Callable[[httpx.Request], httpx.Response]
DIALECTS = Hooks().dialects()
SECRET = "service"


def upstream(answering: Answering, dialect: str = "qdrant", *, http2: bool = False) -> Upstream:
    client = httpx.AsyncClient(transport=httpx.MockTransport(answering))
    return replace(Scene().upstream, dialect=DIALECTS[dialect], client=client, http2=http2)


def proved(request: httpx.Request) -> bool:
    return SECRET in request.headers.values()


def called(request: httpx.Request) -> bool:
    """It is a gRPC call."""
    return "application/grpc" in request.headers.get_list("content-type")


def json(status: int, text: str = "{}") -> httpx.Response:
    return httpx.Response(status, headers={"content-type": "application/json"}, stream=httpx.ByteStream(text.encode()))


def call(status: str = "", message: str = "", body: bytes = b"") -> httpx.Response:
    told = {"grpc-status": status, "grpc-message": message} if status else {}
    return httpx.Response(200, headers={"content-type": "application/grpc", **told}, stream=httpx.ByteStream(body))


def down(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("no")


GOOD, WARNING, FAILURE = Status.GOOD, Status.WARNING, Status.FAILURE
SEEN: dict[str, tuple[Answering, list[Status]]] = {
    "closed": (lambda request: json(200 if proved(request) else 401), [GOOD, GOOD]),
    "closed by 403": (lambda request: json(200 if proved(request) else 403), [GOOD, GOOD]),
    "open": (lambda request: json(200), [GOOD, FAILURE]),
    "open and empty": (lambda request: json(404), [GOOD, FAILURE]),
    "wants another credential": (lambda request: json(401), [FAILURE, GOOD]),
    "takes tokens of users": (
        lambda request: json(200 if proved(request) or UNSIGNED in str(request.headers.values()) else 401),
        [GOOD, GOOD, FAILURE],
    ),
    "fails for strangers": (lambda request: json(200 if proved(request) else 500), [GOOD, WARNING]),
    "fails": (lambda request: json(503), [WARNING, WARNING]),
    "leads elsewhere": (
        lambda request: httpx.Response(302, headers={"location": "/in"}, stream=httpx.ByteStream(b"")),
        [WARNING, WARNING],
    ),
    "is no database": (lambda request: call("12"), [FAILURE]),
    "has a gRPC port behind its key": (lambda request: json(200) if proved(request) else call("12"), [GOOD, WARNING]),
    "says nothing to strangers": (lambda request: json(200) if proved(request) else down(request), [GOOD, WARNING]),
}


@pytest.mark.parametrize("name", SEEN)
async def test_strangers_are_to_be_turned_away(name: str) -> None:
    answering, expected = SEEN[name]
    made = upstream(answering)
    found = await examined("connections.docs", made, UNSIGNED, False)
    await made.client.aclose()
    statuses = [each.status for each in found]
    assert statuses == [*expected, *expected[-1:] * (len(statuses) - len(expected))]
    assert all(SECRET not in each.found + each.advice for each in found)


CALLS: dict[str, tuple[Answering, list[Status]]] = {
    "closed": (lambda request: call(body=grpc.framed((b"",))) if proved(request) else call("16"), [GOOD, GOOD]),
    "closed by a proxy": (
        lambda request: call(body=grpc.framed((b"",))) if proved(request) else json(401),
        [GOOD, GOOD],
    ),
    "closed in words": (
        lambda request: call("5") if proved(request) else call("2", "anonymous%20access%20not%20enabled"),
        [GOOD, GOOD],
    ),
    "open": (lambda request: call(body=grpc.framed((b"",))), [GOOD, FAILURE]),
    "open, without such a collection": (lambda request: call("2", "class not found"), [GOOD, FAILURE]),
    "says nothing": (lambda request: call(), [WARNING, WARNING]),
}


@pytest.mark.parametrize("name", CALLS)
async def test_the_same_over_grpc(name: str) -> None:
    answering, expected = CALLS[name]

    def grpc_only(request: httpx.Request) -> httpx.Response:
        return answering(request) if called(request) else call("12")

    made = upstream(grpc_only, "weaviate", http2=True)
    found = await examined("connections.docs", made, UNSIGNED, False)
    await made.client.aclose()
    statuses = [each.status for each in found]
    assert statuses == [*expected, *expected[-1:] * (len(statuses) - len(expected))]
    assert all("gRPC" in each.found for each in found)


async def test_milvus_says_in_the_body_that_it_wants_a_credential() -> None:
    made = upstream(lambda request: json(200, '{"code":0}' if proved(request) else '{"code":1800}'), "milvus")
    assert {each.status for each in await examined("connections.docs", made, UNSIGNED, False)} == {GOOD}
    await made.client.aclose()


async def test_a_database_that_is_enclosed_may_answer_strangers() -> None:
    made = upstream(lambda request: json(200))
    found = await examined("connections.docs", made, UNSIGNED, True)
    assert [each.status for each in found][:2] == [GOOD, WARNING]
    assert FAILURE not in {each.status for each in found}
    await made.client.aclose()


async def test_a_database_that_cannot_be_reached_is_a_failure() -> None:
    made = upstream(down)
    (found,) = await examined("connections.docs", made, UNSIGNED, False)
    assert (found.status, "does not answer" in found.found) == (FAILURE, True)
    assert not await open_to_anyone(made)
    await made.client.aclose()


@pytest.mark.parametrize(("status", "anyone"), [(200, True), (401, False), (500, False)])
async def test_open_to_anyone(status: int, anyone: bool) -> None:
    asked = []

    def answering(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return json(status)

    made = upstream(answering)
    assert await open_to_anyone(made) is anyone
    assert not any(map(proved, asked))
    await made.client.aclose()


PORTS: dict[str, Answering] = {
    "gRPC alone": lambda request: call("16" if called(request) else "12"),
    "HTTP alone": lambda request: json(404 if called(request) else 401),
}


@pytest.mark.parametrize("port", PORTS)
async def test_a_port_of_the_other_wire_is_not_called_open(port: str) -> None:
    made = upstream(PORTS[port], http2=True)
    assert not await open_to_anyone(made)
    await made.client.aclose()


@pytest.mark.parametrize("index", ["", "docs"], ids=["without an index", "with one"])
@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_probes_only_read(dialect: Dialect, index: str) -> None:
    probes = dialect.probes(Site(index=index))
    assert probes
    for probe in probes:
        line: dict[str, Any] = {"method": probe.method, "path": probe.path, "body_base64": ""}
        if probe.body and probe.method != GRPC:
            line |= {"headers": dict(probe.headers), "body": {}}
        if probe.method == GRPC:
            line = {"grpc": probe.path.removeprefix("/"), "message": {}}
            if "Search" in probe.path:
                line["message"] = {"collection": "VecgateDoctor"}
        judged = classify(dialect, line)
        assert judged["error"] is None
        assert {one["action"] for one in judged["operations"]} <= {Action.META, Action.READ, Action.SEARCH}
