"""The gateway's own issuer at work: two workers, Authlib as client, tokens and static keys on the data path."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from authlib.integrations.httpx_client import OAuth2Client, OAuthError
from joserfc import jwt
from joserfc.jwk import KeySet
from tests.support.byte_wire import ByteUpstream, Reply, request, send
from tests.support.gateway import HEAD, ISSUER, Gateway, gateway, serve_command, wait_ready
from tests.support.under_attack import CHROMA, COLLECTIONS, PUBLIC, SECRET

from vecgate.demo.processes import stop
from vecgate.identity.accounts import NewKey
from vecgate.issuer.grants import ACCESS_TOKEN
from vecgate.issuer.issuer import TOKEN_EXCHANGE

pytestmark = pytest.mark.real

KEY, OTHER = NewKey.make(), NewKey.make()
POLICY = f"""
  own: {{issuer: "http://127.0.0.1:CONTROL", audience: vecgate}}
  service_accounts:
    - {{name: indexer, owner: dana, groups: [pipelines], expires: 2099-01-01T00:00:00Z, keys: ["{KEY.digest}"]}}
    - {{name: helper, owner: dana, groups: [], expires: 2099-01-01T00:00:00Z, keys: ["{OTHER.digest}"]}}
policy:
  grants:
    - name: read-public
      to: {{groups: [readers, pipelines]}}
      on: {{resources: ["default_tenant/default_database/kb_public"]}}
      allow: [meta, search, read]
    - {{name: root, to: {{groups: [admins]}}, allow: [meta, search, read, write, delete, admin]}}
"""


@dataclass
class Scene:
    gateway: Gateway
    upstream: ByteUpstream

    @property
    def control(self) -> str:
        return f"http://127.0.0.1:{self.gateway.control}"

    def ask(self, credential: str, collection: str = PUBLIC, header: str = "Authorization: Bearer ") -> Reply:
        return send(self.gateway.port, request(f"{COLLECTIONS}/{collection}/count", f"{header}{credential}"))

    def client(self, name: str = "indexer", key: NewKey = KEY, **more: Any) -> OAuth2Client:
        return OAuth2Client(client_id=name, client_secret=key.key, token_endpoint=f"{self.control}/token", **more)

    def exchanged(self, subject: str, **form: str) -> dict[str, Any]:
        with self.client() as client:
            found: dict[str, Any] = client.fetch_token(
                grant_type=TOKEN_EXCHANGE, subject_token=subject, subject_token_type=ACCESS_TOKEN, **form
            )
        return found


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    upstream = ByteUpstream(dict(CHROMA))
    folder = tmp_path_factory.mktemp("issuer")
    identity, rest = POLICY.split("policy:", 1)
    failures = "  failures: 100000/minute\n"
    head = HEAD.replace(failures, failures + identity.strip("\n").replace("{", "{{").replace("}", "}}") + "\n")
    head = head.replace("CONTROL", "{control}")
    try:
        with gateway(folder, upstream.url, "policy:" + rest, head=head, more=("--workers", "2")) as running:
            yield Scene(running, upstream)
            stop(running.process)
    finally:
        upstream.close()


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_stock_client_gets_a_token_that_is_good_for_what_its_account_may(scene: Scene, method: str) -> None:
    metadata = httpx.get(f"{scene.control}/.well-known/openid-configuration").json()
    with scene.client(token_endpoint_auth_method=method) as client:
        token = client.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
    assert (token["token_type"], token["expires_in"]) == ("Bearer", 600)
    keys = KeySet.import_key_set(httpx.get(metadata["jwks_uri"]).json())
    read = jwt.decode(token["access_token"], keys)
    assert (read.header["typ"], read.claims["iss"], read.claims["sub"]) == ("at+jwt", scene.control, "indexer")
    assert scene.ask(token["access_token"]).status == 200
    assert scene.ask(token["access_token"], SECRET).status == 403


def test_a_listener_says_that_tokens_are_to_be_had_at_the_control_plane(scene: Scene) -> None:
    found = httpx.get(f"{scene.gateway.url}/.well-known/oauth-protected-resource").json()
    assert found["authorization_servers"] == [ISSUER, scene.control]
    assert httpx.get(f"{scene.control}/.well-known/openid-configuration").json()["issuer"] == scene.control


def test_a_stock_client_is_told_what_is_wrong(scene: Scene) -> None:
    with scene.client(key=NewKey.make()) as client, pytest.raises(OAuthError, match="invalid_client"):
        client.fetch_token(grant_type="client_credentials")


@pytest.mark.parametrize("header", ["Authorization: Bearer ", "x-chroma-token: "])
def test_a_static_key_is_a_credential_where_a_token_is(scene: Scene, header: str) -> None:
    assert scene.ask(KEY.key, header=header).status == 200
    scene.upstream.take()
    assert scene.ask(KEY.key, SECRET, header=header).status == 403
    for wrong in (NewKey.make().key, KEY.key[:-1], KEY.key + "A", KEY.digest, "vg_"):
        reply = scene.ask(wrong, header=header)
        assert (reply.status, reply.reason) == (401, "token_invalid")
    assert [each for each in scene.upstream.take() if "/count" in each.line] == []


def test_an_agent_reads_for_a_person_what_both_may(scene: Scene) -> None:
    alice = scene.gateway.issuer.token("alice", "readers", preferred_username="Alice")
    token = scene.exchanged(alice)
    assert token["issued_token_type"] == ACCESS_TOKEN
    assert scene.ask(token["access_token"]).status == 200
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        shown = [
            record["facts"]["principal"]
            for record in scene.gateway.records()
            if record["kind"] == "outcome" and (record["facts"]["principal"] or {}).get("actors")
        ]
        if shown:
            break
        time.sleep(0.05)
    assert (shown[0]["issuer"], shown[0]["subject"], shown[0]["name"]) == (ISSUER, "alice", "Alice")
    assert [(each["issuer"], each["subject"]) for each in shown[0]["actors"]] == [(scene.control, "indexer")]
    assert [each["facts"]["grant"] for each in scene.gateway.records() if each["kind"] == "token"]


@pytest.mark.parametrize(
    ("person", "agent"), [(["nobody"], ["admins"]), (["admins"], ["nobody"]), (["readers"], ["admins"])]
)
def test_nobody_gets_more_through_another(scene: Scene, person: list[str], agent: list[str]) -> None:
    """J25: neither does an admin that acts for somebody, nor one for whom somebody acts."""
    scene.upstream.take()
    tokens = [scene.gateway.issuer.token(*each) for each in (("alice", *person), ("root", *agent))]
    form = {"actor_token": tokens[1], "actor_token_type": ACCESS_TOKEN}
    answer = httpx.post(
        f"{scene.control}/token",
        data={
            "grant_type": TOKEN_EXCHANGE,
            "subject_token": tokens[0],
            "subject_token_type": ACCESS_TOKEN,
            **form,
        },
    )
    reply = scene.ask(answer.json()["access_token"], SECRET)
    assert (reply.status, reply.reason) == (403, "no_grant")
    assert [each for each in scene.upstream.take() if "/count" in each.line] == []


def test_a_chain_of_another_issuer_is_judged_by_the_same_rule(scene: Scene) -> None:
    def status(**actor: Any) -> int:
        return scene.ask(scene.gateway.issuer.token("root", "admins", act=actor), SECRET).status

    assert status(sub="bot", groups=["admins"]) == 200
    assert status(sub="bot", groups=["readers"]) == 403
    assert status(sub="bot") == 403
    assert status(sub="bot", groups=["admins"], act={"sub": "deep"}) == 403


def rotate(scene: Scene, *more: str) -> None:
    command = [sys.executable, "-m", "vecgate", "issuer", "rotate", "-c", str(scene.gateway.folder / "vecgate.yaml")]
    subprocess.run([*command, *more], check=True, capture_output=True)


def new_token(scene: Scene) -> str:
    with scene.client() as client:
        token: str = client.fetch_token(grant_type="client_credentials")["access_token"]
    return token


def statuses(scene: Scene, token: str) -> set[int]:
    """By both workers: each connection goes to one of them."""
    return {scene.ask(token).status for _ in range(12)}


def test_keys_rotate_under_a_running_gateway_and_leaked_ones_are_forgotten(scene: Scene) -> None:
    old = new_token(scene)
    assert statuses(scene, old) == {200}
    rotate(scene)
    new = new_token(scene)
    assert new.split(".")[0] != old.split(".")[0]
    time.sleep(1.2)
    assert statuses(scene, new) == statuses(scene, old) == {200}
    assert len(httpx.get(f"{scene.control}/jwks.json").json()["keys"]) == 2
    rotate(scene, "--forget")
    time.sleep(2.2)
    assert statuses(scene, old) == statuses(scene, new) == {401}
    assert statuses(scene, new_token(scene)) == {200}


def test_tokens_outlive_a_restart(scene: Scene) -> None:
    token = new_token(scene)
    scene.gateway.terminate()
    with (scene.gateway.folder / "gateway.log").open("ab") as log:
        command = serve_command(scene.gateway.folder / "vecgate.yaml", "--workers", "2")
        env = {"TEST_SERVICE_KEY": "canary", "PATH": "/usr/bin:/bin"}
        again = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=scene.gateway.folder, env=env, start_new_session=True
        )
    scene.gateway.process = again
    wait_ready(scene.gateway)
    assert scene.ask(token).status == 200


def test_no_credential_is_left_anywhere(scene: Scene) -> None:
    folder: Path = scene.gateway.folder
    ring = (folder / "issuer.jwks").read_text()
    canaries = [KEY.key, OTHER.key, ring.partition('"d":"')[2][:43]]
    kept = [path for path in folder.rglob("*") if path.is_file() and path.name != "issuer.jwks"]
    assert kept
    for path in kept:
        data = path.read_bytes()
        assert [canary for canary in canaries if canary.encode() in data] == [], path
        assert b"eyJ" not in data, path
