"""Attacks by way of identity providers (threats J2, J3, J6 to J9, J14, J18, J19, J27), at a whole gateway: what they
publish, what becomes of their keys, and how often they are asked."""

from __future__ import annotations

import socket
import subprocess
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from tests.support import tokens
from tests.support.byte_wire import Reply, read, request, send
from tests.support.gateway import SERVICE_KEY, serve_command
from tests.support.http_issuers import BROKEN, HttpIssuer, HttpIssuers
from tests.support.under_attack import COLLECTIONS, UnderAttack, under_attack

from vecgate.demo.processes import free_port

pytestmark = pytest.mark.real

KEY: Final = tokens.ec("good")
RSA: Final = tokens.rsa("rsa")
with warnings.catch_warnings(action="ignore"):  # the library dislikes it, too
    WEAK: Final = tokens.rsa("weak", 1024)
FLOOD: Final = 1000
GRACE: Final = 2.0
BAD_KEYS: Final[tuple[dict[str, Any], ...]] = (
    {"kty": "oct", "k": "", "kid": "empty"},
    {"kty": "oct", "k": "c2VjcmV0", "kid": "secret"},
    {"kty": "RSA", "n": 1, "e": [], "kid": "malformed"},
    tokens.public(WEAK),
    {"kty": "future", "kid": "unknown"},
)
POLICY: Final = """
policy:
  grants:
    - name: readers
      to: {groups: [readers]}
      on: {resources: ["default_tenant/default_database/kb_public"]}
      allow: [meta, search, read]
    - name: alice-of-one
      to: {subjects: [alice, "josé", a@corp.com], issuers: [ONE]}
      on: {resources: ["default_tenant/default_database/kb_public"]}
      allow: [meta, search, read]
"""
HEAD: Final = """
version: 1
connections:
  - name: docs
    dialect: chroma
    listen: 127.0.0.1:{port}
    upstream: {upstream}
    credential: {{header: x-chroma-token, value: "env:TEST_SERVICE_KEY"}}
identity:
  failures: 100000/minute
  issuers:
ISSUERS
state: {{url: "sqlite:///state.db"}}
evidence: {{directory: evidence, checkpoint: 5s}}
control: {{listen: "127.0.0.1:{control}"}}
"""
ISSUER: Final = """\
    - issuer: URL
      audience: vecgate
      algorithms: [ES256, RS256]
      allow_http: true
"""
DOWN: Final = {how: f"down-{number}" for number, how in enumerate(BROKEN)}
BRIEF: Final = f"      grace: {GRACE:g}s\n"
ISSUERS: Final = {
    "one": "",
    "two": "",
    "flooded": "",
    "rotating": BRIEF,
    "nested": "      claims: {{groups: /realm_access/roles}}\n",
    "strict": "      strict: true\n",
    "cold": "",
    "bad": "      jwks: file:bad.json\n",
    **dict.fromkeys(DOWN.values(), BRIEF),
}
"""Each with what its entry has besides."""


@dataclass
class Scene:
    attacked: UnderAttack
    providers: HttpIssuers

    def __getitem__(self, name: str) -> HttpIssuer:
        return self.providers.issuers[name]

    def refused(self, token: str, status: int = 401, reason: str = "token_invalid") -> Reply:
        """Insist on it."""
        self.attacked.tokens[token] = token
        return self.attacked.attack(status, reason, bearing(token))[0]

    def good(self, token: str) -> None:
        self.attacked.tokens[token] = token
        reply, _ = self.attacked.allowed(bearing(token))
        assert reply.status == 200

    def until(self, status: int, token: str, seconds: float) -> None:
        """Ask again and again until this is the answer."""
        deadline = time.monotonic() + seconds
        while send(self.attacked.port, bearing(token)).status != status:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        self.attacked.drain()


def bearing(token: str) -> bytes:
    return request(COLLECTIONS, f"Authorization: Bearer {token}")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("issuers") / "gate"
    folder.mkdir()
    (folder / "bad.json").write_bytes(tokens.key_set(*BAD_KEYS, KEY))
    with HttpIssuers() as providers:
        made = {name: providers.issuer(name, KEY, RSA) for name in ISSUERS}
        made["cold"].broken = "500"
        listed = "".join(ISSUER.replace("URL", made[name].url) + more for name, more in ISSUERS.items())
        policy = POLICY.replace("ONE", made["one"].url)
        with under_attack(folder, policy, head=HEAD.replace("ISSUERS\n", listed)) as attacked:
            yield Scene(attacked, providers)
        assert [path for path in providers.requests if path.startswith("/bad/")] == []


HMAC: Final[dict[str, tuple[str, dict[str, Any], bytes]]] = {
    "J2 the RSA key in PEM": ("one", {"alg": "HS256", "kid": "rsa"}, RSA.as_pem(private=False)),
    "J2 the RSA key in DER": ("one", {"alg": "HS256", "kid": "rsa"}, RSA.as_der(private=False)),
    "J2 in the name of RS256": ("one", {"alg": "RS256", "kid": "rsa"}, RSA.as_pem(private=False)),
    "J3 a published empty secret": ("bad", {"alg": "HS256", "kid": "empty"}, b""),
    "J3 the same in the name of ES256": ("bad", {"alg": "ES256", "kid": "empty"}, b""),
    "J3 a published secret": ("bad", {"alg": "HS256", "kid": "secret"}, b"secret"),
}


@pytest.mark.parametrize(("issuer", "header", "secret"), HMAC.values(), ids=HMAC)
def test_what_is_published_is_no_secret(issuer: str, header: dict[str, Any], secret: bytes, scene: Scene) -> None:
    scene.refused(tokens.hmac_signed(secret, header, tokens.claims(iss=scene[issuer].url, groups=["readers"])))


def test_a_weak_key_proves_nothing(scene: Scene) -> None:
    """J3: RSA of 1024 bits."""
    scene.refused(scene["bad"].token(WEAK, "RS256"))


def test_bad_keys_cost_only_themselves(scene: Scene) -> None:
    """J9. What is ignored is said at the start, by its place; nothing of a key is."""
    scene.good(scene["bad"].token(KEY))
    log = scene.attacked.gateway.log
    assert [number for number in range(6) if f"key ignored: keys/{number}:" in log] == [0, 1, 2, 3, 4]
    assert "c2VjcmV0" not in log


def test_a_flood_of_unknown_key_ids_asks_the_issuer_twice_at_most(scene: Scene) -> None:
    """J6: a thousand tokens, each with a key id of its own."""
    issuer = scene["flooded"]
    before, flood = issuer.fetches, [issuer.token(KEY, header={"kid": f"k{number}"}) for number in range(FLOOD)]
    scene.attacked.outcomes()
    scene.attacked.upstream.take()
    with socket.create_connection(("127.0.0.1", scene.attacked.port), timeout=10) as connection:
        for token in flood:
            connection.sendall(bearing(token))
            reply = read(connection)
            assert (reply.status, reply.reason) == (401, "token_invalid")
    scene.attacked.settle(FLOOD, 10)
    assert scene.attacked.upstream.take() == []
    assert issuer.fetches - before <= 2
    scene.good(issuer.token(KEY))


def test_a_new_key_counts_at_once_and_a_removed_one_no_longer(scene: Scene) -> None:
    """J7."""
    issuer, new = scene["rotating"], tokens.ec("new")
    scene.good(issuer.token(KEY))
    issuer.publish(KEY, new)
    scene.good(issuer.token(new))
    issuer.publish(new)
    scene.until(401, issuer.token(KEY), GRACE)
    scene.refused(issuer.token(KEY))
    scene.good(issuer.token(new))


def test_known_keys_outlive_an_issuer_for_the_grace_time_whatever_is_wrong_with_it(scene: Scene) -> None:
    """J8."""
    down = {how: scene[name] for how, name in DOWN.items()}
    for how, issuer in down.items():
        issuer.broken = how
        scene.good(issuer.token(KEY))
    for how, issuer in down.items():
        scene.until(503, issuer.token(KEY), 3 * GRACE)
        reply = scene.refused(issuer.token(KEY), 503, "identity_unavailable")
        assert 1 <= int(reply.header("retry-after") or 0) <= 30, how
    assert "/elsewhere" not in scene.providers.requests
    for issuer in down.values():
        issuer.broken = ""
    for issuer in down.values():
        scene.until(200, issuer.token(KEY), 10)


def test_without_keys_from_the_start_there_is_no_identity(scene: Scene) -> None:
    """J8: and the issuer that was never there gets no more questions for it."""
    before = scene["cold"].requests.total()
    for _ in range(20):
        reply = scene.refused(scene["cold"].token(KEY), 503, "identity_unavailable")
        assert reply.header("retry-after")
    assert scene["cold"].requests.total() - before <= 30


STRICT: Final = {"jti": "1", "client_id": "app"}


@pytest.mark.parametrize(
    ("kind", "more", "good"),
    [
        ("JWT", STRICT, False),
        (None, STRICT, False),
        ("at+jwt", {"jti": "1"}, False),
        ("at+jwt", {"client_id": "app"}, False),
        ("at+jwt", STRICT, True),
    ],
)
def test_where_access_tokens_are_demanded_an_id_token_is_none(
    kind: str | None, more: dict[str, Any], good: bool, scene: Scene
) -> None:
    """J14."""
    token = scene["strict"].token(KEY, header={"typ": kind}, **more)
    if good:
        scene.good(token)
    else:
        scene.refused(token)


@pytest.mark.parametrize(
    ("claims", "good"),
    [
        ({"realm_access": {"roles": ["readers"]}}, True),
        ({"realm_access": {"roles": "readers"}}, True),
        ({"realm_access": {"roles": ["readers-not"]}}, False),
        ({"realm_access": ["readers"]}, False),
        ({"realm_access/roles": ["readers"]}, False),
        ({"groups": ["readers"]}, False),
    ],
)
def test_groups_stand_in_one_place_alone(claims: dict[str, Any], good: bool, scene: Scene) -> None:
    """J18."""
    token = scene["nested"].token(KEY, **{"groups": None} | claims)
    if good:
        scene.good(token)
    else:
        scene.refused(token, 403, "no_grant")


@pytest.mark.parametrize(
    ("issuer", "claims", "good"),
    [
        ("one", {"sub": "alice"}, True),
        ("two", {"sub": "alice"}, False),
        ("one", {"sub": "Alice"}, False),
        ("one", {"sub": "alice "}, False),
        ("one", {"sub": "a@corp.com"}, True),
        ("one", {"sub": "A@corp.com"}, False),
        ("one", {"sub": "a@evil.com@corp.com"}, False),
        ("one", {"sub": "mallory", "email": "a@corp.com", "email_verified": False}, False),
        ("one", {"sub": "mallory", "email": "a@corp.com", "preferred_username": "alice", "name": "alice"}, False),
        ("one", {"sub": "jos\u00e9"}, True),
        ("one", {"sub": "jose\u0301"}, True),
        ("one", {"sub": "jose"}, False),
    ],
)
def test_a_principal_is_its_issuer_and_its_subject(
    issuer: str, claims: dict[str, Any], good: bool, scene: Scene
) -> None:
    """J19."""
    token = scene[issuer].token(KEY, groups=None, **claims)
    if good:
        scene.good(token)
    else:
        scene.refused(token, 403, "no_grant")


@pytest.mark.parametrize(
    ("document", "key"),
    [
        ({"issuer": "https://evil.test/", "jwks_uri": "URL/keys"}, "issuer"),
        ({"issuer": "URL", "jwks_uri": "http://192.0.2.1/keys"}, "jwks"),
    ],
)
def test_a_document_that_speaks_for_another_refuses_the_start(
    document: dict[str, str], key: str, tmp_path: Path
) -> None:
    """J27: no port opens, and nothing that the document names is asked."""
    port = free_port()
    with HttpIssuers() as providers:
        issuer = providers.issuer("one", KEY)
        issuer.document = {name: value.replace("URL", issuer.url) for name, value in document.items()}
        head = HEAD.replace("ISSUERS\n", ISSUER.replace("URL", issuer.url))
        config = tmp_path / "vecgate.yaml"
        config.write_text(head.format(port=port, control=free_port(), upstream="http://127.0.0.1:9"))
        done = subprocess.run(
            serve_command(config), env={"TEST_SERVICE_KEY": SERVICE_KEY}, capture_output=True, text=True, timeout=30
        )
    assert done.returncode == 2
    assert f"identity.issuers[0].{key}" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(providers.requests) == ["/one/.well-known/openid-configuration"]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)
