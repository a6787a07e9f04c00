"""Service credentials through a running gateway: from real stores, rotated while it runs, never shown."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import grpc
import httpx
import pytest
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse
from tests.support.cli import run
from tests.support.gateway import ISSUER, Gateway, gateway
from tests.support.qdrant import CONNECTION, HEAD, POINTS, POLICY
from tests.support.qdrant_double import QdrantDouble, qdrant_double
from tests.support.qdrant_grpc_double import QdrantGrpcDouble
from tests.support.qdrant_keys import Keys
from tests.support.secret_stores import ROOT, SECRET_ID, Bao, Manager, openbao, secrets_manager
from tests.support.vault_double import SECRET_ID as DOUBLES_SECRET_ID
from tests.support.vault_double import VaultDouble, dripping, reply

from vecgate.demo.processes import free_port

pytestmark = pytest.mark.real

ONE, TWO, THREE = "canary-service-key-one", "canary-service-key-two", "canary-service-key-three"
CANARIES = (ONE, TWO, THREE, SECRET_ID, ROOT, DOUBLES_SECRET_ID, "token-canary", "aws-key-canary")


class Database:
    def __init__(self, double: QdrantDouble, keys: Keys) -> None:
        self.double, self.keys = double, keys
        self.url = f"http://127.0.0.1:{double.port}"

    def accept(self, *keys: str) -> None:
        self.keys.good = set(keys)

    def begin(self) -> None:
        """A test begins: one key is good, and nothing has been asked."""
        self.keys.good, self.keys.refused = {ONE}, 0
        self.keys.audit.clear()
        self.keys.seen.clear()


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    keys = Keys(set())
    with qdrant_double(keys.guard) as double:
        for name in ("kb_docs", "secret"):
            double.client.create_collection(name, models.VectorParams(size=3, distance=models.Distance.DOT))
            double.client.upsert(name, POINTS)
        yield Database(double, keys)


@pytest.fixture(scope="module")
def bao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bao]:
    with openbao(tmp_path_factory.mktemp("bao")) as store:
        yield store


@pytest.fixture(scope="module")
def manager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Manager]:
    with secrets_manager(tmp_path_factory.mktemp("aws")) as store:
        yield store


def head(credential: str, connections: str = "") -> str:
    one = CONNECTION.replace("@name", "rest").replace("@port", "{port}").replace("@upstream", "{upstream}")
    text = one.replace('{{header: api-key, value: "env:TEST_SERVICE_KEY"}}', f"{{{{header: api-key, {credential}}}}}")
    return HEAD.replace("@connections", text.rstrip("\n") + connections)


def scroll(running: Gateway, subject: str = "dana") -> httpx.Response:
    return running.http.post(
        "/collections/kb_docs/points/scroll", json={"limit": 1}, headers=running.headers(subject, "readers")
    )


def until(true: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def answers(running: Gateway) -> bool:
    return scroll(running).status_code == 200


def clean(running: Gateway, *more: str) -> None:
    """No secret is in what the gateway wrote, nor in its command line; and there is a report without one."""
    page = running.folder / "report.html"
    assert run("sessions", "report", "-c", running.folder / "vecgate.yaml", "--out", page).code == 0
    command = Path(f"/proc/{running.process.pid}/cmdline")
    written = [path for path in running.folder.rglob("*") if path.is_file() and path.name not in ("key", "secret-id")]
    assert {"gateway.log", "report.html"} <= {path.name for path in written}
    for path in (*written, command):
        data = path.read_bytes()
        assert not [canary for canary in (*CANARIES, *more) if canary.encode() in data], path


def rotating(
    running: Gateway, database: Database, put: Callable[..., None], more: Callable[[], None] | None = None
) -> None:
    """One key, then another, without a restart; the database accepts both for a moment."""
    assert answers(running)
    database.accept(ONE, TWO)
    if more is not None:
        more()
    database.keys.seen.clear()
    put(api_key=TWO)
    until(lambda: answers(running) and TWO in database.keys.seen)
    database.accept(TWO)
    assert answers(running)
    assert database.keys.seen <= {ONE, TWO}


def test_vault_rotation_is_followed_and_so_is_a_revoked_login(tmp_path: Path, database: Database, bao: Bao) -> None:
    database.begin()
    bao.put(api_key=ONE)
    text = head('value: "vault:secret/data/qdrant#api_key", refresh: 1s')
    with gateway(tmp_path, database.url, POLICY, head=text, environment=bao.environment) as running:
        rotating(running, database, bao.put, bao.revoke)
        assert "the secret has changed" in running.log
        clean(running)


def test_aws_rotation_is_followed_under_mitmdump_at_its_most_talkative(
    tmp_path: Path, database: Database, manager: Manager
) -> None:
    database.begin()
    manager.put(api_key=ONE)
    text = head('value: "aws-sm:prod/qdrant#api_key", refresh: 1s')
    verbose = ("--set", "termlog_verbosity=debug", "--set", "flow_detail=4", "-v")
    with gateway(
        tmp_path, database.url, POLICY, head=text, environment=manager.environment, front="mitmdump", more=verbose
    ) as running:
        rotating(running, database, manager.put)
        clean(running)


def test_a_refused_key_is_asked_for_at_once_and_not_with_every_refusal(tmp_path: Path, database: Database) -> None:
    database.begin()
    with VaultDouble(values={"api_key": ONE}) as vault:
        text = head('value: "vault:secret/data/qdrant#api_key", refresh: 1h, grace: 2h')
        with gateway(
            tmp_path, database.url, POLICY, head=text, environment=double_environment(tmp_path, vault)
        ) as running:
            assert answers(running)
            database.accept(TWO)
            asked = len(vault.asked)
            for _ in range(10):
                assert scroll(running).status_code != 200
            assert len(vault.asked) == asked + 1, "the store still has the old one"
            vault.values["api_key"] = TWO
            until(lambda: answers(running))
            assert len(vault.asked) == asked + 2
            clean(running)


def double_environment(folder: Path, vault: VaultDouble) -> Mapping[str, str]:
    folder.mkdir(exist_ok=True)
    (folder / "secret-id").write_text(DOUBLES_SECRET_ID)
    (folder / "secret-id").chmod(0o600)
    return {
        "VAULT_ADDR": vault.address,
        "VAULT_ROLE_ID": "gateway",
        "VAULT_SECRET_ID_FILE": str(folder / "secret-id"),
        "VECGATE_TRACE_HOOKS": "1",
    }


READ = "/v1/secret/data/qdrant"
LEAKY = """
import os
from vecgate.hookspecs import hookimpl

CALLS = []

@hookimpl
def vecgate_secret(reference):
    if reference.startswith("leaky:"):
        CALLS.append(reference)
        return os.environ["LEAKY"] if len(CALLS) == 1 else int(os.environ["LEAKY"])
"""
"""A plugin that fails with the secret in its exception."""


def test_an_outage_is_outlived_for_its_grace_then_closes_and_ends_by_itself(tmp_path: Path, database: Database) -> None:
    """With every failure that a store has, one after the other; what it says in them is a canary, too."""
    database.begin()
    with VaultDouble(values={"api_key": ONE}) as vault:
        more = (
            CONNECTION.replace("@name", "leaky").replace("@port", str(free_port())).replace("@upstream", database.url)
        )
        more = more.replace('"env:TEST_SERVICE_KEY"', '"leaky:key", refresh: 1s').rstrip("\n")
        text = head('value: "vault:secret/data/qdrant#api_key", refresh: 1s, grace: 4s', more)
        environment = {**double_environment(tmp_path, vault), "LEAKY": THREE}
        (tmp_path / "leaky.py").write_text(LEAKY)
        policy = f'{POLICY}plugins: {{load: ["file:leaky.py"]}}\n'
        with gateway(tmp_path, database.url, policy, head=text, environment=environment) as running:
            until(lambda: answers(running))
            vault.faults[READ] = lambda handler: reply(handler, {"errors": [TWO]}, 500)
            asked = len(vault.asked)
            until(lambda: len(vault.asked) > asked)
            assert answers(running)
            vault.faults[READ] = lambda handler: reply(
                handler, {"data": {"data": {"api_key": f"{TWO}\nx"}, "metadata": {}}}
            )
            until(lambda: not answers(running))
            database.keys.seen.clear()
            refused = scroll(running)
            assert refused.status_code == 503
            assert refused.json()["reason"] == "credential_unavailable"
            assert refused.headers["retry-after"] == "1"
            assert not database.keys.seen, "nothing was sent"
            del vault.faults[READ]
            until(lambda: answers(running))
            outcomes = [one for one in running.records() if one["kind"] == "outcome"]
            assert {one["facts"]["reason"] for one in outcomes} == {"granted", "credential_unavailable"}
            clean(running, "token-canary")
            assert "a plugin failed to resolve leaky:… (ValueError)" in running.log
            vault.faults[READ] = dripping
            asked = len(vault.asked)
            until(lambda: len(vault.asked) > asked)
            assert running.terminate() == 0, "a store that hangs holds up no end"


def test_every_request_has_a_token_of_its_own_that_names_its_caller(tmp_path: Path, database: Database) -> None:
    """Signed with the key of a file, which is read again when it changes."""
    database.begin()
    (tmp_path / "key").write_text(ONE)
    (tmp_path / "key").chmod(0o600)
    credential, calls = 'value: "file:key", mint: jwt', free_port()
    with QdrantGrpcDouble(database.double.client) as server:
        more = CONNECTION.replace("@name", "calls").replace("@port", str(calls))
        more = more.replace("@upstream", f"h2c://127.0.0.1:{server.port}")
        more = more.replace(
            '{{header: api-key, value: "env:TEST_SERVICE_KEY"}}', f"{{{{header: api-key, {credential}}}}}"
        )
        with gateway(tmp_path, database.url, POLICY, head=head(credential, more.rstrip("\n"))) as running:
            server.asked.clear()  # at its start the gateway asks as nobody
            for prefer_grpc in (False, True):
                exercise(client(running, calls, prefer_grpc, "readers"), client(running, calls, prefer_grpc, "owners"))
            seen = database.keys.seen | {one.metadata["api-key"] for one in server.asked}
            assert ONE not in seen
            audit = [one for one in database.keys.audit if one[1] != "/aliases"]
            assert {one[0] for one in audit} == {f"{ISSUER} readers", f"{ISSUER} owners"}
            assert (
                f"{ISSUER} readers",
                "/collections/kb_docs/points/query",
                [{"collection": "kb_docs", "access": "r"}],
            ) in audit
            assert {one[0] for one in database.keys.audit if one[1] == "/aliases"} == {"vecgate"}
            for one in server.asked:
                assert database.keys.judge("GET", "/collections/kb_docs", one.metadata) == 0, one.path
            assert database.keys.refused == 0
            database.accept(TWO)
            (tmp_path / "new").write_text(TWO)
            (tmp_path / "new").rename(tmp_path / "key")
            until(lambda: answers(running))
            clean(running)


def client(running: Gateway, calls: int, prefer_grpc: bool, group: str) -> QdrantClient:
    return QdrantClient(
        url=running.url,
        grpc_port=calls,
        prefer_grpc=prefer_grpc,
        check_compatibility=False,
        headers={"authorization": f"Bearer {running.issuer.token(group, group)}"},
    )


def exercise(reader: QdrantClient, owner: QdrantClient) -> None:
    """Reading, writing and administration, and something that policy refuses."""
    try:
        assert reader.query_points("kb_docs", query=[0.1, 0.2, 0.3], limit=2).points
        assert reader.get_collections().collections
        assert reader.collection_exists("kb_docs")
        with pytest.raises((UnexpectedResponse, grpc.RpcError)):
            reader.delete("kb_docs", [1])
        owner.upsert("kb_docs", POINTS[:1])
        owner.set_payload("kb_docs", {"title": "t0"}, [0])
        assert owner.count("kb_docs").count == len(POINTS)
        owner.create_collection("passing", models.VectorParams(size=3, distance=models.Distance.DOT))
        owner.delete_collection("passing")
    finally:
        reader.close()
        owner.close()
