"""Qdrant's stock JavaScript client over REST, for people with different rights."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from tests.support import javascript
from tests.support.javascript import SOURCES, scripts
from tests.support.qdrant import SECRETS, QdrantScene, qdrant_scene

__all__ = ["scripts"]

pytestmark = pytest.mark.real

FAILING: Final = {"getCollection absent", "count gone"}
"""What fails with the database itself as well."""
UNCALLED: Final = {
    *(
        "api",
        "constructor",
        "recreateCollection",
        "discoverPoints",
        "discoverBatchPoints",
        "recommendBatch",
        "recommend_batch",
    ),
    *("collectionClusterInfo", "updateCollectionCluster", "clusterTelemetry", "getOptimizations"),
    *("createVectorName", "deleteVectorName", "deleteVectors", "deletePayloadIndex"),
    *("createSnapshot", "deleteSnapshot", "createFullSnapshot", "deleteFullSnapshot", "recoverSnapshot"),
    *("listShardSnapshots", "createShardSnapshot", "deleteShardSnapshot", "recoverShardFromSnapshot"),
    *("listShardKeys", "createShardKey", "deleteShardKey"),
}
"""What the double does not have; the dialect's own tests do."""
READS: Final = (
    *("retrieve", "scroll", "scroll on", "query", "query by id", "query nothing", "queryBatch"),
    *("queryGroups", "queryGroups with lookup", "search", "searchBatch", "searchPointGroups"),
    *("recommend", "recommendPointGroups"),
)
DENIED: Final = {
    "another collection": "no_grant",
    **dict.fromkeys(
        (
            *("filter masked", "filter masked, nested", "search masked"),
            *("group by masked", "facet masked", "order by masked", "threshold"),
        ),
        "masked_field_used",
    ),
    **dict.fromkeys(
        ("upsert", "setPayload", "delete", "delete all", "drop", "create", "alias", "snapshots"), "no_grant"
    ),
}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QdrantScene]:
    with qdrant_scene(tmp_path_factory.mktemp("qdrant")) as made:
        yield made


def run(script: Path, port: int, token: str = "") -> dict[str, Any]:
    return javascript.run(script, CLIENT_PORT=str(port), CLIENT_TOKEN=token)


def test_the_same_calls_give_the_same_results(scripts: Path, scene: QdrantScene) -> None:
    everything = scripts / "qdrant" / "everything.mjs"
    direct = run(everything, scene.database.port)
    through = run(everything, scene.gateway.port, scene.gateway.issuer.token("olga", "owners"))
    assert through == direct
    assert direct["query"]["points"][0]["id"] == 4, "it does work"
    assert {name for name, value in direct.items() if type(value) is dict and "raised" in value} == FAILING


def test_every_public_method_is_called_or_known(scripts: Path) -> None:
    package = scripts / "node_modules" / "@qdrant" / "js-client-rest" / "dist" / "types"
    declared = set(re.findall(r"^    (\w+)\(", (package / "qdrant-client.d.ts").read_text(), re.MULTILINE))
    source = "".join(path.read_text() for path in (SOURCES / "qdrant").glob("*.mjs"))
    assert {name for name in declared if f".{name}(" not in source} == UNCALLED


@pytest.fixture(scope="module")
def reader(scripts: Path, scene: QdrantScene) -> dict[str, Any]:
    scene.asked()
    return run(scripts / "qdrant" / "reader.mjs", scene.gateway.port, scene.gateway.issuer.token("dana", "readers"))


@pytest.mark.parametrize("call", READS)
def test_a_reader_gets_records_without_what_is_masked(reader: dict[str, Any], call: str) -> None:
    shown = str(reader[call])
    assert "'title': 't" in shown
    assert "'ssn': '[redacted]'" in shown
    assert not [secret for secret in SECRETS if secret in shown]
    assert "vector" not in shown


def test_a_reader_counts_what_they_may_read(reader: dict[str, Any]) -> None:
    assert reader["count"] == {"count": 5}
    assert [hit["value"] for hit in reader["facet"]["hits"]] == ["t0", "t1", "t2", "t3", "t4"]


@pytest.mark.parametrize("call", DENIED)
def test_what_a_reader_may_not_do_is_the_clients_own_error(reader: dict[str, Any], call: str) -> None:
    assert reader[call] == {"raised": "ApiError", "text": "Forbidden", "status": 403, "reason": DENIED[call]}


def test_the_scripts_have_no_more_than_these_calls(reader: dict[str, Any]) -> None:
    assert {*reader} == {*READS, *DENIED, "count", "facet", "matrix"}


def test_nothing_that_was_denied_reached_the_database(reader: dict[str, Any], scene: QdrantScene) -> None:
    """Reads of one collection did, without asking for a vector."""
    asked = [one for one in scene.asked() if one[0] != "GET"]
    assert {path.split("/")[2] for _, path, *_ in asked} == {"kb_docs"}
    assert {method for method, *_ in asked} == {"POST"}
    assert "'with_vector': True" not in str([body for *_, body in asked])


def test_a_client_starts_and_sees_what_it_may(scripts: Path, scene: QdrantScene) -> None:
    seen = start(scripts, scene, scene.gateway.issuer.token("dana", "readers"))
    assert seen == {"versionInfo": "1.19.0", "collections": ["kb_docs"], "exists": True, "count": 5, "warnings": []}


TOKENS: dict[str, tuple[Callable[[QdrantScene], str], int, str]] = {
    "no rights": (lambda scene: scene.gateway.issuer.token("sam"), 403, "no_grant"),
    "no token": (lambda scene: "", 401, "token_missing"),
    "nonsense": (lambda scene: "nonsense", 401, "token_invalid"),
    "expired": (lambda scene: scene.gateway.issuer.token("dana", "readers", lifetime=-3600), 401, "token_expired"),
}


@pytest.mark.parametrize("name", TOKENS)
def test_without_a_good_token_a_client_gets_no_further_than_the_version(
    name: str, scripts: Path, scene: QdrantScene
) -> None:
    token, status, reason = TOKENS[name]
    seen = start(scripts, scene, token(scene))
    assert (seen.pop("versionInfo"), seen.pop("warnings")) == ("1.19.0", [])
    text = {401: "Unauthorized", 403: "Forbidden"}[status]
    expected = {"raised": "ApiError", "text": text, "status": status, "reason": reason}
    assert seen == dict.fromkeys(("collections", "exists", "count"), expected)


def test_a_spent_limit_is_the_clients_own_error(scripts: Path, scene: QdrantScene) -> None:
    token = scene.gateway.issuer.token("carl", "readers")
    last = run(scripts / "qdrant" / "often.mjs", scene.gateway.port, token)["last"]
    assert last.pop("after") > 0
    assert last == {"raised": "QdrantClientResourceExhaustedError", "text": "Too Many Requests"}


def start(scripts: Path, scene: QdrantScene, token: str) -> dict[str, Any]:
    return run(scripts / "qdrant" / "start.mjs", scene.gateway.port, token)
