from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
import pytest_asyncio
from tests.support.raw_upstream import RawUpstream
from tests.support.stages import ANNA, Scene

from vecgate.config.models import Credential
from vecgate.errors import Unavailable
from vecgate.operations.messages import Outgoing
from vecgate.reasons import Reason
from vecgate.runtime import LOOKUP_BYTES, Upstream
from vecgate_qdrant import QdrantDialect


@pytest_asyncio.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False, timeout=2) as made:
        yield made


def upstream(port: int, client: httpx.AsyncClient) -> Upstream:
    return replace(Scene().upstream, port=port, prefix=b"", client=client)


async def test_a_look_up_carries_the_credential_and_nothing_of_a_clients(client: httpx.AsyncClient) -> None:
    async with RawUpstream() as double:
        made = replace(upstream(double.port, client), prefix=b"/base")
        answer = await made.fetch(Outgoing("POST", "/ok", (("content-type", "application/json"),), b"{}"))
        assert (answer.status, answer.body) == (200, b'{"line":"ok"}')
        (record,) = double.take()
    assert record.line == "POST /base/ok HTTP/1.1"
    assert record.body == b"{}"
    sent = {name: record.header(name) for name in ("x-chroma-token", "accept-encoding", "user-agent", "content-type")}
    assert list(sent.values()) == ["service", "identity", "vecgate", "application/json"]


@pytest.mark.parametrize(("status", "suspected"), [(401, 1), (404, 0)])
async def test_a_look_up_that_is_refused_has_the_credential_asked_for_anew(
    status: int, suspected: int, client: httpx.AsyncClient
) -> None:
    scene = Scene()
    async with RawUpstream(lambda head: b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % status) as double:
        await replace(scene.upstream, port=double.port, client=client).fetch(Outgoing("GET", "/ok"))
    assert scene.credential.suspected == suspected


async def test_a_look_up_whose_credential_has_ended_is_not_made(client: httpx.AsyncClient) -> None:
    scene = Scene()
    scene.credential.kept = ""
    async with RawUpstream() as double:
        with pytest.raises(Unavailable) as refused:
            await replace(scene.upstream, port=double.port, client=client).fetch(Outgoing("GET", "/ok"))
        assert not double.take()
    assert refused.value.reason is Reason.CREDENTIAL_UNAVAILABLE


def test_a_minted_credential_is_made_for_one_caller() -> None:
    scene = Scene()
    config = scene.upstream.config.model_copy(
        update={"credential": Credential(header="api-key", value="env:K", mint="jwt")}
    )
    scene.credential.kept = "an-api-key-of-some-length"
    ((_, own),) = replace(scene.upstream, config=config, dialect=QdrantDialect()).proof()
    ((_, annas),) = replace(scene.upstream, config=config, dialect=QdrantDialect()).proof(ANNA)
    assert own.count(b".") == annas.count(b".") == 2
    assert own != annas
    assert b"an-api-key" not in own + annas


async def test_without_a_credential_none_is_sent(client: httpx.AsyncClient) -> None:
    async with RawUpstream() as double:
        await replace(upstream(double.port, client), credential=None).fetch(Outgoing("GET", "/ok"))
        (record,) = double.take()
    assert record.header("x-chroma-token") is None


@pytest.mark.parametrize("path", ["/garbage", "/silent", "/drop"])
async def test_a_database_that_does_not_answer_is_unavailable(path: str, client: httpx.AsyncClient) -> None:
    async with RawUpstream() as double:
        with pytest.raises(Unavailable) as refused:
            await upstream(double.port, client).fetch(Outgoing("GET", path))
    assert refused.value.reason is Reason.UPSTREAM_UNREACHABLE


async def test_a_database_that_is_not_there_is_unavailable(client: httpx.AsyncClient) -> None:
    with pytest.raises(Unavailable):
        await upstream(1, client).fetch(Outgoing("GET", "/"))


async def test_an_answer_to_a_look_up_is_bounded(client: httpx.AsyncClient) -> None:
    def large(head: bytes) -> bytes:
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (LOOKUP_BYTES + 1) + b"x" * (LOOKUP_BYTES + 1)

    async with RawUpstream(large) as double:
        with pytest.raises(Unavailable, match="too large"):
            await upstream(double.port, client).fetch(Outgoing("GET", "/"))


@pytest.mark.parametrize(("host", "authority"), [("db.example", b"db.example:8000"), ("::1", b"[::1]:8000")])
def test_an_authority_is_host_and_port(host: str, authority: bytes) -> None:
    assert replace(Scene().upstream, host=host).authority == authority


def test_the_credential_is_in_no_repr() -> None:
    assert "service" not in repr(Scene().upstream)
