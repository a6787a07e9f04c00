"""Fetching an issuer's documents: bounded in size and time, never redirected, JSON only."""

from __future__ import annotations

import asyncio
import re

import httpx

MAX_BYTES = 1024 * 1024
SECONDS = 3.0
LOOPBACK = ("all://127.0.0.1", "all://localhost", "all://[::1]")

_HIDDEN = re.compile(r"(?<=//)[^/?#]*@|[?#].*", re.DOTALL)


class FetchError(Exception):
    """The document cannot be had right now."""


def shown(url: object) -> str:
    """An address as messages tell it: what may be a credential in it, a user or a query, is left out."""
    return _HIDDEN.sub("", str(url))


class Fetcher:
    """One HTTP client for all issuers; the environment's proxies apply to whatever is not loopback."""

    def __init__(self, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._transport = transport
        self._client: httpx.AsyncClient | None = None
        self._opening = asyncio.Lock()

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()

    async def get(self, url: httpx.URL) -> bytes:
        """The body of a JSON document. Raises FetchError."""
        async with self._opening:
            if self._client is None:
                self._client = await asyncio.to_thread(self._connect)
            client = self._client
        try:
            async with asyncio.timeout(SECONDS), client.stream("GET", url) as response:
                return await _body(response)
        except TimeoutError as error:
            raise FetchError(f"{shown(url)}: no answer within {SECONDS:g} s") from error
        except httpx.HTTPError as error:
            raise FetchError(f"{shown(url)}: {str(error) or type(error).__name__}") from error

    def _connect(self) -> httpx.AsyncClient:
        """Reading the system's certificates takes too long for the event loop."""
        return httpx.AsyncClient(
            transport=self._transport,
            follow_redirects=False,
            timeout=SECONDS,
            headers={"accept": "application/json", "accept-encoding": "identity", "user-agent": "vecgate"},
            mounts={} if self._transport else dict.fromkeys(LOOPBACK),
        )


def is_json(response: httpx.Response) -> bool:
    """Whether the answer says that it is JSON."""
    kind: str = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


async def _body(response: httpx.Response) -> bytes:
    url = shown(response.url)
    if response.status_code != 200:
        raise FetchError(f"{url}: status {response.status_code}")
    if not is_json(response):
        raise FetchError(f"{url}: not JSON")
    if response.headers.get("content-encoding", "identity") != "identity":
        raise FetchError(f"{url}: compressed, though that was not asked for")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MAX_BYTES:
            raise FetchError(f"{url}: larger than {MAX_BYTES} bytes")
    return bytes(body)
