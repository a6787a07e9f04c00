"""Stock Chroma clients in tests: made as their documentation does, their connections closed when a test ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import chromadb
import httpx
import pytest
from chromadb.api import AdminAPI, ClientAPI
from chromadb.config import Settings


@pytest.fixture
def closing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close what the clients of a test leave open: they do not do so themselves, not even when they fail to start."""
    opened: list[httpx.Client] = []
    start = httpx.Client.__init__

    def starting(client: httpx.Client, **options: Any) -> None:
        start(client, **options)
        opened.append(client)

    monkeypatch.setattr(httpx.Client, "__init__", starting)
    yield
    for client in opened:
        client.close()


def http_client(address: str, headers: Mapping[str, str], **more: Any) -> ClientAPI:
    """`chromadb.HttpClient` for an address like `http://127.0.0.1:8000`."""
    host, port = _place(address)
    more = {"settings": Settings(anonymized_telemetry=False)} | more
    return chromadb.HttpClient(host=host, port=port, headers=dict(headers), **more)


def admin_client(address: str, headers: Mapping[str, str]) -> AdminAPI:
    host, port = _place(address)
    return chromadb.AdminClient(
        Settings(
            chroma_api_impl="chromadb.api.fastapi.FastAPI",
            chroma_server_host=host,
            chroma_server_http_port=port,
            chroma_server_headers=dict(headers),
            anonymized_telemetry=False,
        )
    )


def _place(address: str) -> tuple[str, int]:
    host, _, port = address.removeprefix("http://").partition(":")
    return host, int(port)
