"""Bounds on what an issuer's documents may cost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from tests.support.origin import JWKS, Origin, Reply, json

from vecgate.identity import fetch
from vecgate.identity.fetch import Fetcher, FetchError, shown

URL = httpx.URL(JWKS)


class Endless(httpx.AsyncBaseTransport, httpx.AsyncByteStream):
    """An answer that never ends; `sent` counts its bytes."""

    def __init__(self, pause: float = 0.0) -> None:
        self.sent, self.pause = 0, pause

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": "application/json"}, stream=self)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(self.pause)
            self.sent += 4096
            yield b" " * 4096


async def test_a_document_is_fetched_as_it_stands() -> None:
    origin = Origin()
    origin.replies[JWKS] = json(b'{"keys":[]}')
    fetcher = Fetcher(origin)
    assert await fetcher.get(URL) == b'{"keys":[]}'
    await fetcher.close()


async def test_an_endless_answer_is_cut_off() -> None:
    endless = Endless()
    fetcher = Fetcher(endless)
    with pytest.raises(FetchError, match="larger than"):
        await fetcher.get(URL)
    assert endless.sent <= fetch.MAX_BYTES + 4096
    await fetcher.close()


async def test_a_trickle_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "SECONDS", 0.03)
    fetcher = Fetcher(Endless(pause=0.005))
    with pytest.raises(FetchError, match="no answer"):
        await fetcher.get(URL)
    await fetcher.close()


async def test_loopback_never_goes_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}")
        await writer.drain()
        writer.close()

    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    fetcher = Fetcher()
    assert await fetcher.get(httpx.URL(f"http://127.0.0.1:{port}/")) == b"{}"
    await fetcher.close()
    server.close()


async def test_a_fetcher_that_was_never_used_closes() -> None:
    await Fetcher().close()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://idp.test/keys", "https://idp.test/keys"),
        ("https://idp.test:8443/a@b/keys?token=canary", "https://idp.test:8443/a@b/keys"),
        ("https://user:canary@idp.test/keys", "https://idp.test/keys"),
        ("https://user:p@canary@idp.test/keys#canary", "https://idp.test/keys"),
        ("https://idp.test?to=//canary@", "https://idp.test"),
        ("canary", "canary"),
    ],
)
def test_an_address_is_told_without_what_may_be_a_credential(url: str, told: str) -> None:
    assert shown(url) == told


@pytest.mark.parametrize(
    "reply", [json(b"{}", 403), Reply(200, b"no"), httpx.ConnectError("no")], ids=["status", "kind", "down"]
)
async def test_no_failure_tells_the_query(reply: Reply | Exception) -> None:
    origin = Origin()
    url = httpx.URL(JWKS, query=b"token=canary")
    origin.replies[str(url)] = reply
    fetcher = Fetcher(origin)
    with pytest.raises(FetchError, match=JWKS) as failed:
        await fetcher.get(url)
    assert "canary" not in str(failed.value)
    await fetcher.close()
