"""Chroma's stock JavaScript client, for people with different rights."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.support import javascript
from tests.support.chroma import chroma
from tests.support.client_scene import HIDDEN, SECRETS, VISIBLE, client_scene
from tests.support.gateway import Gateway
from tests.support.javascript import SOURCES, scripts

__all__ = ["chroma", "client_scene", "scripts"]

pytestmark = pytest.mark.real

FORBIDDEN = {"raised": "ChromaForbiddenError", "text": "You do not have permission to access the requested resource."}
DIFFERENT = {"getUserIdentity", "getCollectionByCrn", "reset"}
"""An identity is the caller's, of whom the server knows nothing; the others are refused by name."""
UNAUTHORIZED = {"raised": "ChromaUnauthorizedError", "text": "Unauthorized"}


def run(script: Path, port: int | str, token: str = "", header: str = "authorization") -> dict[str, Any]:
    return javascript.run(script, CHROMA_PORT=str(port), CHROMA_TOKEN=token, CHROMA_HEADER=header)


def test_the_same_calls_give_the_same_results(scripts: Path, client_scene: Gateway, chroma: str) -> None:
    direct = run(scripts / "everything.mjs", chroma.rpartition(":")[2])
    token = client_scene.issuer.token("olga", "owners")
    # What the first run made for good, the second must not find: a server drops no tenants.
    through = run(scripts / "everything.mjs", client_scene.port, token)
    again = run(scripts / "everything.mjs", chroma.rpartition(":")[2])
    assert through == again
    assert {name for name, value in direct.items() if again[name] != value} <= {"createTenant"}
    assert through["query"]["ids"] == [["a", "c"], ["b", "c"]], "it does work"


def test_every_public_method_is_called(scripts: Path) -> None:
    source = "".join((SOURCES / name).read_text() for name in ("everything.mjs", "person.mjs"))
    package = scripts / "node_modules" / "chromadb" / "src"
    declared = "".join((package / f"{name}.ts").read_text() for name in ("chroma-client", "admin-client", "collection"))
    methods = set(re.findall(r"^  public async ([a-z]\w+)", declared, re.MULTILINE))
    assert {name for name in methods if f".{name}(" not in source} == DIFFERENT


def test_the_lock_file_names_no_registry() -> None:
    assert "resolved" not in (SOURCES / "package-lock.json").read_text()


@pytest.fixture(scope="module")
def reader(scripts: Path, client_scene: Gateway) -> dict[str, Any]:
    return run(scripts / "reader.mjs", client_scene.port, client_scene.issuer.token("dana", "readers"))


def test_a_reader_starts_as_who_they_are_and_sees_what_they_may(reader: dict[str, Any]) -> None:
    assert reader["identity"] == {"user_id": "dana", "tenant": "default_tenant", "databases": ["default_database"]}
    assert VISIBLE in reader["list"]
    assert HIDDEN not in reader["list"]
    assert reader["open"]["collection"]["name"] == VISIBLE


def test_a_reader_gets_records_without_what_is_masked(reader: dict[str, Any]) -> None:
    for call in ("get", "peek", "query"):
        assert not any(secret in str(reader[call]) for secret in SECRETS)
        assert "salary" not in str(reader[call])
    shown = reader["get"]["metadatas"][0]
    assert (shown["ssn"], shown["n"]) == ("[redacted]", 1)
    assert shown["email"].startswith("hash_")
    assert not any(reader["get"]["embeddings"] or [])
    assert reader["query"]["ids"][0][0] == "b"


@pytest.mark.parametrize(
    "call", ["filter masked", "open hidden", "add", "delete", "drop", "create", "database", "reset"]
)
def test_what_a_reader_may_not_do_is_the_clients_own_error(reader: dict[str, Any], call: str) -> None:
    assert reader[call] == FORBIDDEN


def test_what_is_not_there_is_not_found(reader: dict[str, Any]) -> None:
    assert reader["open absent"]["raised"] == "ChromaNotFoundError"


def test_a_stranger_gets_nowhere(scripts: Path, client_scene: Gateway) -> None:
    seen = run(scripts / "start.mjs", client_scene.port, client_scene.issuer.token("sam"))
    assert seen == {"heartbeat": "number", "identity": FORBIDDEN, "list": FORBIDDEN, "open": FORBIDDEN}


@pytest.mark.parametrize(
    "token", [lambda scene: "", lambda scene: "nonsense", lambda scene: scene.issuer.token("dana", lifetime=-3600)]
)
def test_without_a_good_token_a_client_is_unauthorized(scripts: Path, client_scene: Gateway, token: Any) -> None:
    seen = run(scripts / "start.mjs", client_scene.port, token(client_scene))
    assert seen == {"heartbeat": "number", "identity": UNAUTHORIZED, "list": UNAUTHORIZED, "open": UNAUTHORIZED}


def test_chromas_own_token_header_serves_as_well(scripts: Path, client_scene: Gateway) -> None:
    token = client_scene.issuer.token("dana", "readers")
    assert run(scripts / "start.mjs", client_scene.port, token, "x-chroma-token")["open"] == 3


def test_a_limit_is_the_clients_own_error(scripts: Path, client_scene: Gateway) -> None:
    token = client_scene.issuer.token("jay", "counted")
    last = run(scripts / "often.mjs", client_scene.port, token)["last"]
    assert last == {"raised": "ChromaRateLimitError", "text": "Rate limit exceeded"}
