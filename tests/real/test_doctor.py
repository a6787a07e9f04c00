"""`vecgate doctor`, and what `vecgate serve` says at its start, before a Chroma that knows no credentials and a Qdrant
that does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from google.protobuf.message import Message
from tests.support.chroma import chroma as chroma
from tests.support.cli import run
from tests.support.gateway import ISSUER, Issuer, gateway
from tests.support.grpc_server import Failed, GrpcServer
from tests.support.qdrant_double import qdrant_double
from tests.support.qdrant_keys import Keys
from tests.support.stages import Scene

from vecgate.doctor.upstreams import open_to_anyone
from vecgate.hooks import Hooks
from vecgate_qdrant.descriptors import DESCRIPTORS

pytestmark = pytest.mark.real
CONFIG = """
version: 1
connections:
  - name: docs
    dialect: {dialect}
    listen: 127.0.0.1:0
    upstream: {upstream}
    credential: {{header: {header}, value: "file:service.key"}}
identity:
  issuers: [{{issuer: "{issuer}", audience: vecgate, algorithms: [ES256], jwks: "file:jwks.json"}}]
state: {{url: "sqlite:///state.db"}}
evidence: {{directory: evidence}}
"""


def examined(folder: Path, dialect: str, upstream: str, header: str, key: str, *more: str) -> tuple[int, list[Any]]:
    """The exit code, and what was found of the connection."""
    config = CONFIG.format(dialect=dialect, upstream=upstream, header=header, issuer=ISSUER)
    (folder / "vecgate.yaml").write_text(config.replace("127.0.0.1:0", "127.0.0.1:6010"))
    (folder / "service.key").write_text(key)
    (folder / "service.key").chmod(0o600)
    Issuer().write(folder / "jwks.json")
    found = run("doctor", "-c", folder / "vecgate.yaml", "--json", *more)
    assert key not in found.out + found.err
    checks = found.document["checks"]
    assert {each["status"] for each in checks if not each["subject"].startswith("connections")} == {"good"}
    return found.code, [each["status"] for each in checks if each["subject"] == "connections.docs"]


def test_a_database_without_access_control_is_called_open(chroma: str, tmp_path: Path) -> None:
    code, statuses = examined(tmp_path, "chroma", chroma, "x-chroma-token", "canary-key")
    assert (code, statuses) == (1, ["good", "failure", "failure", "failure"])
    code, statuses = examined(tmp_path, "chroma", chroma, "x-chroma-token", "canary-key", "--enclosed", "docs")
    assert (code, statuses) == (0, ["good", "warning", "warning", "warning"])


def test_a_database_with_a_key_turns_strangers_away(tmp_path: Path) -> None:
    keys = Keys({"canary-service-key-of-qdrant"})
    with qdrant_double(keys.guard) as database:
        address = f"http://127.0.0.1:{database.port}"
        good = examined(tmp_path, "qdrant", address, "api-key", "canary-service-key-of-qdrant")
        wrong = examined(tmp_path, "qdrant", address, "api-key", "canary-of-yesterday")
    assert good == (0, ["good"] * 4)
    assert wrong == (1, ["failure", "good", "good", "good"])
    assert keys.refused


@contextmanager
def grpc_alone(key: str = "") -> Iterator[GrpcServer]:
    """A server of Qdrant's calls and nothing else; with a key, for those who bring it."""

    def listed(message: Message) -> Message:
        if key and server.calls[-1].metadata.get("api-key") != key:
            raise Failed(grpc.StatusCode.UNAUTHENTICATED, "Must provide an API key")
        return DESCRIPTORS.type("qdrant.ListCollectionsResponse")()

    with GrpcServer(DESCRIPTORS, {"/qdrant.Collections/List": listed}) as server:
        yield server


def test_a_server_that_speaks_grpc_alone(tmp_path: Path) -> None:
    """What it says to a plain GET speaks neither for it nor against it."""

    def asked(server: GrpcServer, key: str = "canary-service-key-of-qdrant") -> tuple[int, list[Any]]:
        return examined(tmp_path, "qdrant", f"h2c://127.0.0.1:{server.port}", "api-key", key)

    with grpc_alone("canary-service-key-of-qdrant") as closed:
        assert asked(closed) == (0, ["good"] * 4)
        assert asked(closed, "canary-of-yesterday") == (1, ["failure", *["good"] * 3])
    with grpc_alone() as open_to_all:
        assert asked(open_to_all) == (1, ["good", *["failure"] * 3])


@pytest.mark.parametrize("key", ["canary-service-key-of-qdrant", ""], ids=["closed", "open"])
async def test_only_an_open_one_is_warned_of_at_the_start(key: str) -> None:
    with grpc_alone(key) as server:
        async with httpx.AsyncClient(http1=False, http2=True) as client:
            dialect = Hooks().dialects()["qdrant"]
            upstream = replace(
                Scene().upstream, dialect=dialect, port=server.port, prefix=b"", http2=True, client=client
            )
            assert await open_to_anyone(upstream) is not bool(key)
        assert [each.metadata.get("api-key") for each in server.calls] == [None]


def test_serving_says_at_once_which_database_is_open(chroma: str, tmp_path: Path) -> None:
    with gateway(tmp_path, chroma, "policy: {grants: []}") as running:
        deadline = time.monotonic() + 10
        while (said := "connections.docs: " in running.log) is False and time.monotonic() < deadline:
            time.sleep(0.05)
        assert said
        assert "answers without a credential: whoever reaches it goes round the gateway" in running.log
