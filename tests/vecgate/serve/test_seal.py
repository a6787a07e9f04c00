"""The seam: what another addon changes after the seal goes nowhere, in either direction, under either master."""

from __future__ import annotations

import pytest
from tests.support.h2_client import H2Client, base
from tests.support.meddler import ANSWER_EDITS, EDITS
from tests.support.raw_client import exchange, get, post
from tests.support.raw_upstream import SECRET
from tests.support.serving import CREDENTIAL
from tests.vecgate.serve.conftest import Bench

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("edit", EDITS)
async def test_a_request_changed_after_the_seal_is_not_sent(edit: str, meddled: Bench) -> None:
    reply = await exchange(meddled.port, post(b"/a", b"X-Edit: " + edit.encode(), b"Content-Length: 2", body=b"ab"))
    assert (reply.status, reply.body) == (503, b"unsealed")
    assert meddled.upstream.connections == 0
    assert meddled.served.gate.ends == [("response", None)]


@pytest.mark.parametrize("edit", EDITS)
async def test_a_request_changed_after_the_seal_is_not_sent_for_an_http2_client(edit: str, meddled: Bench) -> None:
    async with H2Client(meddled.port) as client:
        reply = await client.exchange([*base("/a", "POST"), ("x-edit", edit)], b"ab")
        after = await client.exchange(base("/fine"))
    assert (reply.status, reply.body) == (503, b"unsealed")
    passes = edit != "proxy"  # that one is on the connection, and stays there
    assert after.status == (200 if passes else 503)
    assert [record.line for record in meddled.upstream.take()] == (["GET /fine HTTP/1.1"] if passes else [])


@pytest.mark.parametrize("edit", ANSWER_EDITS)
async def test_an_answer_changed_after_the_seal_is_withheld(edit: str, meddled: Bench) -> None:
    reply = await exchange(meddled.port, get(b"/a", b"X-Edit-Answer: " + edit.encode()))
    assert (reply.status, reply.body) == (502, b"unmaskable_response")
    async with H2Client(meddled.port) as client:
        answered = await client.exchange([*base("/a"), ("x-edit-answer", edit)])
    assert (answered.status, answered.body, answered.trailers) == (502, b"unmaskable_response", {})


async def test_an_answer_by_another_addon_is_sealed_or_withheld(meddled: Bench) -> None:
    """The lax gate seals in its response hook whatever is there; a changed one afterwards is withheld."""
    reply = await exchange(meddled.port, get(b"/answer", b"X-Edit-Answer: status"))
    assert reply.status == 502
    assert SECRET not in reply.raw
    assert meddled.upstream.connections == 0


async def test_a_streamed_request_is_refused_whole(meddled: Bench) -> None:
    reply = await exchange(meddled.port, post(b"/stream-request", b"Content-Length: 2", body=b"ab"))
    assert (reply.status, reply.body) == (503, b"unsealed")
    assert meddled.upstream.connections == 0


@pytest.mark.parametrize("path", [b"/secret/stream-response", b"/secret/no-response"])
async def test_an_answer_streamed_or_taken_away_at_its_head_is_withheld_whole(path: bytes, meddled: Bench) -> None:
    reply = await exchange(meddled.port, get(path))
    assert (reply.status, reply.body) == (502, b"unmaskable_response")
    assert SECRET not in reply.raw


async def test_a_connection_led_elsewhere_gets_no_request(meddled: Bench) -> None:
    reply = await exchange(meddled.port, get(b"/redirect"))
    assert reply.status == 503
    assert meddled.upstream.records == []


async def test_the_credential_is_on_the_wire_and_nowhere_else(meddled: Bench) -> None:
    meddler = meddled.served.addon("meddler")
    meddler.flows.clear()
    await exchange(meddled.port, get(b"/a"))
    (record,) = meddled.upstream.take()
    assert record.header(CREDENTIAL[0].decode()) == CREDENTIAL[1].decode()
    (flow,) = meddler.flows
    assert CREDENTIAL[1].decode() not in repr(flow.get_state())


@pytest.mark.parametrize("attribute", ["may_connect", "outgoing", "leaving", "answer_for"])
async def test_a_gate_that_fails_is_closed(attribute: str, meddled: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(meddled.served.gate, attribute, broken)
    edit = b"X-Edit: path" if attribute == "answer_for" else b"X-None: 1"
    reply = await exchange(meddled.port, get(b"/secret", edit))
    assert reply.status == (502 if attribute == "leaving" else 503)
    assert SECRET not in reply.raw
    assert len(meddled.upstream.take()) == (1 if attribute == "leaving" else 0)


@pytest.mark.parametrize("header", [b"X-Edit: path", b"X-Edit-Answer: status"])
async def test_a_refusal_of_a_head_request_has_no_body(header: bytes, meddled: Bench) -> None:
    reply = await exchange(meddled.port, get(b"/a", header, method=b"HEAD"), wait=0.2)
    assert reply.status in (502, 503)
    assert reply.body == b""
