"""The attacks of HTTP/1.1 spoken in HTTP/2, and those that only HTTP/2 knows (threats M1 to M3, M23, R3). The database
is spoken to in HTTP/1.1, so whatever could become a second request there is refused here."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
from collections import Counter
from collections.abc import Iterator
from typing import Any

import h2.events
import h2.exceptions
import msgspec
import pytest
from hyperframe.frame import ContinuationFrame, Frame, HeadersFrame, PingFrame, SettingsFrame
from tests.support.gateway import SERVICE_KEY
from tests.support.h2_client import H2Client, H2Reply, base
from tests.support.under_attack import COLLECTIONS, PUBLIC, SECRET, UnderAttack, under_attack

pytestmark = pytest.mark.real

C = f"{COLLECTIONS}/{PUBLIC}"
GET, COUNT = f"{C}/get", f"{C}/count"


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UnderAttack]:
    with under_attack(tmp_path_factory.mktemp("http2")) as made:
        yield made


def token(attacked: UnderAttack, *groups: str) -> tuple[str, str]:
    return "authorization", f"Bearer {attacked.token('alice', *groups)}"


async def ask(attacked: UnderAttack, headers: list[tuple[str, str]], body: bytes | None = None) -> H2Reply:
    attacked.upstream.take()
    attacked.outcomes()
    async with H2Client(attacked.port) as client:
        return await client.exchange(headers, body)


def reason(reply: H2Reply) -> str:
    with contextlib.suppress(msgspec.DecodeError):
        return str(msgspec.json.decode(reply.body).get("reason", ""))
    return ""


REFUSED: dict[str, tuple[str, str, bytes | None, dict[str, str], int, str]] = {
    "J no token": (COUNT, "GET", None, {"authorization": ""}, 401, "token_invalid"),
    "J20 token in the query": (f"{COUNT}?access_token=x", "GET", None, {}, 400, "credential_ambiguous"),
    "J22 a second credential": (COUNT, "GET", None, {"x-chroma-token": "x"}, 400, "credential_ambiguous"),
    "P2 encoded slash": (f"{COLLECTIONS}/a%2fb", "GET", None, {}, 400, "bad_target"),
    "P3 dot segments": (f"{COLLECTIONS}/../x", "GET", None, {}, 400, "bad_target"),
    "P4 double slash": (f"/{COUNT}", "GET", None, {}, 400, "bad_target"),
    "P5 trailing slash": (f"{COUNT}/", "GET", None, {}, 400, "bad_target"),
    "P7 overlong": (f"{COLLECTIONS}/%c0%ae", "GET", None, {}, 400, "bad_target"),
    "P8 absolute form": (f"http://other{COUNT}", "GET", None, {}, 400, "bad_target"),
    "P8 fragment": (f"{COUNT}#x", "GET", None, {}, 400, "bad_target"),
    "asterisk": ("*", "GET", None, {}, 400, "bad_target"),
    "no slash": ("api/v2/version", "GET", None, {}, 400, "bad_target"),
    "M1 encoded line break": (f"{COUNT}%0d%0aX:y", "GET", None, {}, 400, "bad_target"),
    "a blank in the path": (f"{COUNT} HTTP/1.1", "GET", None, {}, 400, "bad_target"),
    "a tab in the path": (f"{COUNT}\tx", "GET", None, {}, 400, "bad_target"),
    "C secret": (f"{COLLECTIONS}/{SECRET}/count", "GET", None, {}, 403, "no_grant"),
    "C4 reset": ("/api/v2/reset", "POST", b"{}", {}, 403, "unknown_operation"),
    "L4 masked field": (GET, "POST", b'{"where":{"ssn":"x"}}', {}, 403, "masked_field_used"),
    "B1 duplicate": (GET, "POST", b'{"limit":1,"limit":2}', {}, 400, "duplicate_member"),
    "B3 NaN": (GET, "POST", b'{"limit":NaN}', {}, 400, "bad_body"),
    "B9 media": (GET, "POST", b"{}", {"content-type": "text/plain"}, 415, "unsupported_media"),
    "B9 encoding": (GET, "POST", b"{}", {"content-encoding": "br"}, 415, "unsupported_media"),
    "B8 gzip that is none": (GET, "POST", b"{}", {"content-encoding": "gzip"}, 400, "bad_body"),
    "P13 a body on GET": (COUNT, "GET", b"{}", {}, 400, "bad_body"),
    "P13 TRACE": (COUNT, "TRACE", None, {}, 405, "method_not_allowed"),
    "P13 OPTIONS": (COUNT, "OPTIONS", None, {}, 405, "method_not_allowed"),
    "P13 lower case": (COUNT, "get", None, {}, 405, "method_not_allowed"),
    "M3 a length without a body": (COUNT, "GET", None, {"content-length": "2"}, 400, "bad_header"),
    "a method of two words": (COUNT, "GET /x", None, {}, 405, "method_not_allowed"),
}


@pytest.mark.parametrize(("path", "method", "body", "more", "status", "why"), REFUSED.values(), ids=REFUSED)
async def test_the_same_attack_has_the_same_answer(
    path: str, method: str, body: bytes | None, more: dict[str, str], status: int, why: str, attacked: UnderAttack
) -> None:
    fields = [*([] if "authorization" in more else [token(attacked)]), *more.items()]
    reply = await ask(attacked, [*base(path, method), *fields], body)
    assert (reply.status, reason(reply)) == (status, why)
    outcome = attacked.outcome()
    assert (outcome["facts"]["reason"], outcome["facts"]["status"]) == (why, status)
    assert outcome["exchange"] == msgspec.json.decode(reply.body)["exchange"]
    assert [each.line for each in attacked.upstream.take() if "/by-id/" not in each.line] == []


def without(name: str, *more: tuple[str, str]) -> list[tuple[str, str]]:
    return [*(field for field in base(COUNT) if field[0] != name), *more]


BROKEN: dict[str, list[tuple[str, str]]] = {
    "M1 a line break in the path": base(f"{COUNT} HTTP/1.1\r\nHost: x\r\n\r\nGET /api/v2/reset"),
    "M1 a line feed in the path": base(f"{COUNT}\nX: y"),
    "M1 NUL in the path": base(f"{COUNT}\0"),
    "M2 a line break in a value": [*base(COUNT), ("x-a", "b\r\nx-c: d")],
    "M2 a line feed in a value": [*base(COUNT), ("x-a", "b\nx-c: d")],
    "M2 NUL in a value": [*base(COUNT), ("x-a", "b\0")],
    "M2 a line break in a name": [*base(COUNT), ("x\r\na", "b")],
    "M2 a colon in a name": [*base(COUNT), ("x:a", "b")],
    "a blank in a name": [*base(COUNT), ("x a", "b")],
    "no name": [*base(COUNT), ("", "b")],
    "an upper-case name": [*base(COUNT), ("X-A", "b")],
    "M2 a line break in the method": [(":method", "GET / HTTP/1.1\r\nX: y"), *without(":method")],
    "M2 a line break in the authority": without(":authority", (":authority", "x\r\ny: z")),
    "M2 a line break in the scheme": without(":scheme", (":scheme", "http\r\n")),
    "two paths": [*base(COUNT), (":path", "/api/v2/reset")],
    "two methods": [*base(COUNT), (":method", "DELETE")],
    "an unknown pseudo-header": [*base(COUNT), (":foo", "x")],
    "a pseudo-header too late": [*without(":path"), ("x-a", "b"), (":path", COUNT)],
    "no path": without(":path"),
    "an empty path": without(":path", (":path", "")),
    "no method": without(":method"),
    "no scheme": without(":scheme"),
    "no authority": without(":authority"),
    "P20 an authority and another host": [*base(COUNT), ("host", "other")],
    "P20 two hosts": [*base(COUNT), ("host", "x"), ("host", "x")],
    "userinfo in the authority": without(":authority", (":authority", "a@b")),
    "P19 CONNECT": [(":method", "CONNECT"), *without(":method")],
    "P19 extended CONNECT": [(":method", "CONNECT"), (":protocol", "websocket"), *without(":method")],
    "P19 upgrade": [*base(COUNT), ("upgrade", "websocket")],
    "M10 connection": [*base(COUNT), ("connection", "x-a")],
    "keep-alive": [*base(COUNT), ("keep-alive", "1")],
    "te": [*base(COUNT), ("te", "gzip")],
    "M3 transfer-encoding": [*base(COUNT), ("transfer-encoding", "chunked")],
    "two lengths": [*base(COUNT), ("content-length", "2"), ("content-length", "3")],
    "a signed length": [*base(COUNT), ("content-length", "+2")],
}


@pytest.mark.parametrize("headers", BROKEN.values(), ids=BROKEN)
async def test_what_is_no_request_ends_the_connection(headers: list[tuple[str, str]], attacked: UnderAttack) -> None:
    reply = await ask(attacked, [*headers, token(attacked)])
    assert (reply.status, reply.goaway is not None or reply.reset is not None) == (0, True)
    assert attacked.outcome()["facts"]["reason"] == "protocol_error"
    assert attacked.upstream.take() == []


LENGTHS = {"M3 too long": "40", "M3 too short": "1"}


@pytest.mark.parametrize("length", LENGTHS.values(), ids=LENGTHS)
async def test_a_length_that_lies_ends_the_connection(length: str, attacked: UnderAttack) -> None:
    headers = [*base(GET, "POST"), token(attacked), ("content-length", length)]
    reply = await ask(attacked, headers, b"{}")
    assert (reply.status, reply.goaway is not None) == (0, True)
    assert attacked.outcome()["facts"]["reason"] == "protocol_error"
    assert attacked.upstream.take() == []


async def test_a_body_without_a_length_gets_one(attacked: UnderAttack) -> None:
    smuggled = b'{"ids":["GET /api/v2/reset HTTP/1.1\\r\\n\\r\\n"]}'
    reply = await ask(attacked, [*base(GET, "POST"), token(attacked)], smuggled)
    assert reply.status == 200
    [sent] = [each for each in attacked.upstream.take() if "/by-id/" not in each.line]
    assert (sent.line, sent.headers("content-length")) == (f"POST {GET} HTTP/1.1", [str(len(sent.body))])
    assert sent.headers("x-chroma-token") == [SERVICE_KEY]
    assert sent.headers("transfer-encoding") == []
    attacked.settle(1)


async def test_trailers_are_refused(attacked: UnderAttack) -> None:
    attacked.outcomes()
    async with H2Client(attacked.port) as client:
        number = client.open([*base(GET, "POST"), token(attacked)], end=False)
        client.connection.send_data(number, b"{}")
        client.connection.send_headers(number, [("authorization", "Bearer x")], end_stream=True)
        client.flush()
        reply = await client.reply(number)
    assert (reply.status, reason(reply)) == (400, "bad_header")
    attacked.settle(1)


async def test_cookies_in_many_crumbs_are_no_credential(attacked: UnderAttack) -> None:
    crumbs = [("cookie", f"token={attacked.token()}"), ("cookie", "a=b")]
    reply = await ask(attacked, [*base(COUNT), *crumbs])
    assert (reply.status, reason(reply)) == (401, "token_missing")
    attacked.settle(1)


async def test_streams_of_one_connection_have_their_own_identities(attacked: UnderAttack) -> None:
    attacked.drain(0.1)
    async with H2Client(attacked.port) as client:
        numbers = []
        for count in range(20):
            headers = [*base(COUNT), token(attacked, "readers" if count % 2 else "nobody")]
            numbers.append(client.open(headers))
        statuses = await _statuses(client, numbers)
    assert [statuses[number] for number in numbers] == [200 if count % 2 else 403 for count in range(20)]
    assert Counter(each["facts"]["reason"] for each in attacked.settle(20)) == {"granted": 10, "no_grant": 10}


async def _statuses(client: H2Client, numbers: list[int]) -> dict[int, int]:
    """The status of every stream, whatever the order in which they end."""
    found: dict[int, int] = {}
    async with asyncio.timeout(10):
        while len(found) < len(numbers):
            received = await client._reader.read(65536)
            assert received, found
            for event in client.connection.receive_data(received):
                if isinstance(event, h2.events.ResponseReceived):
                    fields = {str(name): str(value) for name, value in event.headers}
                    found[event.stream_id or 0] = int(fields[":status"])
            client.flush()
    return found


async def test_a_stream_that_is_reset_runs_nothing_it_has_not_sent(attacked: UnderAttack) -> None:
    attacked.drain(0.1)
    attacked.upstream.take()
    async with H2Client(attacked.port) as client:
        for _ in range(20):
            number = client.open([*base(GET, "POST"), token(attacked)], end=False)
            client.connection.send_data(number, b'{"limit":')
            client.connection.reset_stream(number)
            client.flush()
        await asyncio.sleep(0.1)
    assert Counter(each["facts"]["reason"] for each in attacked.settle(20)) == {"client_gone": 20}
    assert [each.line for each in attacked.upstream.take() if "/by-id/" not in each.line] == []


async def flood(attacked: UnderAttack, frames: list[Frame], rounds: int = 1) -> bool:
    """Whether the connection ended by it."""
    async with H2Client(attacked.port) as client:
        with contextlib.suppress(ConnectionError, h2.exceptions.ProtocolError):
            for _ in range(rounds):
                client.send_frames(*frames)
                await asyncio.sleep(0)
                if gone(client):
                    return True
        reply = await client.reply()
        return reply.goaway is not None or client.closed or gone(client)


def gone(client: H2Client) -> bool:
    return client._writer.is_closing() or client._reader.at_eof()


FLOODS: dict[str, list[Frame]] = {
    "R3 PING": [PingFrame(0, b"12345678")] * 50,
    "R3 SETTINGS": [SettingsFrame(0, settings={})] * 50,
}


@pytest.mark.parametrize("frames", FLOODS.values(), ids=FLOODS)
async def test_a_flood_ends_the_connection(frames: list[Frame], attacked: UnderAttack) -> None:
    assert await flood(attacked, frames, 200)
    attacked.check_alive()
    attacked.drain()


async def test_rapid_resets_end_the_connection(attacked: UnderAttack) -> None:
    attacked.drain(0.1)
    async with H2Client(attacked.port) as client:
        sent = 0
        with contextlib.suppress(ConnectionError, h2.exceptions.ProtocolError):
            for sent in range(3000):
                number = client.open([*base(COUNT), token(attacked)])
                client.connection.reset_stream(number)
                if sent % 50 == 0:
                    client.flush()
                    await asyncio.sleep(0)
                    if gone(client):
                        break
        reply = await client.reply()
        assert reply.goaway is not None or client.closed or gone(client)
    attacked.check_alive()
    assert len(attacked.drain()) < 1500


async def test_a_header_block_without_end_ends_the_connection(attacked: UnderAttack) -> None:
    frames: list[Frame] = [HeadersFrame(1, data=b"\x82\x86\x84\x41\x01x")]
    frames += [ContinuationFrame(1, data=b"\x40\x01a\x7f\x00" + b"b" * 127) for _ in range(2000)]
    assert await flood(attacked, frames)
    attacked.check_alive()
    attacked.drain()


async def test_a_header_bomb_of_references_ends_the_connection(attacked: UnderAttack) -> None:
    """HPACK: one large field, then a thousand references of one byte to it (CVE-2016-6581)."""
    large = b"\x40\x01a\x7f\xe1\x1e" + b"b" * 4064
    frame = HeadersFrame(1, data=b"\x82\x86\x84\x41\x01x" + large + b"\xbe" * 5000)
    frame.flags.add("END_HEADERS")
    frame.flags.add("END_STREAM")
    assert await flood(attacked, [frame])
    attacked.check_alive()
    attacked.drain()


async def test_a_bomb_is_a_bomb_in_http2_too(attacked: UnderAttack) -> None:
    bomb = gzip.compress(bytes(60 << 20), 1)[:16_000]
    headers = [*base(GET, "POST"), token(attacked), ("content-encoding", "gzip")]
    reply = await ask(attacked, headers, bomb)
    assert reply.status in (400, 413)
    attacked.settle(1)


async def test_a_client_that_opens_no_window_costs_a_bounded_answer(attacked: UnderAttack) -> None:
    attacked.drain(0.1)

    async def deaf() -> Any:
        client = H2Client(attacked.port)
        client.connection.local_settings.initial_window_size = 0
        async with client:
            client.open([*base(COUNT), token(attacked)])
            await asyncio.sleep(0.2)

    await asyncio.gather(*(deaf() for _ in range(20)))
    attacked.check_alive()
    attacked.drain()


async def test_prior_knowledge_in_two_pieces_is_understood(attacked: UnderAttack) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", attacked.port)
    writer.write(b"PRI * HT")
    await asyncio.sleep(0.05)
    writer.write(b"TP/2.0\r\n\r\nSM\r\n\r\n" + SettingsFrame(0).serialize())
    received = await asyncio.wait_for(reader.read(100), 5)
    writer.close()
    await writer.wait_closed()
    assert received[3] == SettingsFrame.type


async def test_something_else_after_the_preface_is_refused(attacked: UnderAttack) -> None:
    attacked.drain(0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", attacked.port)
    writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nGET /api/v2/version HTTP/1.1\r\n\r\n")
    received = b""
    with contextlib.suppress(ConnectionError):
        while data := await asyncio.wait_for(reader.read(4096), 5):
            received += data
    writer.close()
    assert b"HTTP/1.1 200" not in received
    assert {each["facts"]["reason"] for each in attacked.drain()} == {"protocol_error"}
