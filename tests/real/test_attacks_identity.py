"""Attacks on identity (threats J): what is not proved by one good token in one place is refused before anything else is
read, and nothing a token names is ever fetched."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.support import tokens
from tests.support.byte_wire import request, send
from tests.support.tokens import claims
from tests.support.under_attack import COLLECTIONS, PUBLIC, UnderAttack, under_attack

pytestmark = pytest.mark.real

EVIL = tokens.ec("evil")
NOW = int(time.time())


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UnderAttack]:
    with under_attack(tmp_path_factory.mktemp("identity")) as made:
        yield made


type Mint = Callable[[Any], str]
"""From the issuer's key to a hostile token."""


def header(**changes: Any) -> Mint:
    """A good token but for its header; None removes a member."""
    return lambda key: tokens.mint(claims(groups=["readers"]), key, **changes)


def payload(**changes: Any) -> Mint:
    """A good signature over a payload that is good but for these claims."""
    return lambda key: tokens.mint(claims(**{"groups": ["readers"], **changes}), key)


def raw(more: bytes) -> Mint:
    """A good signature over a payload with more members as they stand."""
    return lambda key: tokens.mint(tokens.encode(claims())[:-1] + b"," + more + b"}", key)


def lying(algorithm: Any) -> Mint:
    """Signed with ES256, whatever the header says."""
    return lambda key: tokens.assemble({"alg": algorithm, "kid": "test"}, claims(), key, "ES256")


def unsigned(algorithm: Any, signature: str = "") -> Mint:
    return lambda key: f"{tokens.segment({'alg': algorithm})}.{tokens.segment(claims())}.{signature}"


def cut(change: Callable[[str], str]) -> Mint:
    """A good token, changed as text."""
    return lambda key: change(tokens.mint(claims(groups=["readers"]), key))


def split(token: str) -> list[str]:
    return token.split(".")


INVALID: dict[str, Mint] = {
    "J1 none": unsigned("none"),
    "J1 None": unsigned("None"),
    "J1 nOnE with a signature": unsigned("nOnE", "AAAA"),
    "J1 no algorithm": unsigned(None),
    "J2 HMAC with the public key in PEM": lambda key: tokens.hmac_signed(
        key.as_pem(private=False), {"alg": "HS256", "kid": "test"}
    ),
    "J2 HMAC with the public key in DER": lambda key: tokens.hmac_signed(
        key.as_der(private=False), {"alg": "HS256", "kid": "test"}
    ),
    "J2 HMAC with nothing": lambda key: tokens.hmac_signed(b"", {"alg": "HS256", "kid": "test"}),
    "J2 HMAC without a key id": lambda key: tokens.hmac_signed(b"", {"alg": "HS256"}),
    "algorithm as a list": lying(["ES256"]),
    "algorithm in lower case": lying("es256"),
    "algorithm of another curve": lying("ES384"),
    "algorithm of another kind": lying("RS256"),
    "algorithm of the same kind": lying("ES256K"),
    "J4 another's key": lambda key: tokens.mint(claims(), EVIL),
    "J4 another's key under a good name": lambda key: tokens.mint(claims(), EVIL, kid="test"),
    "J4 key in the header": lambda key: tokens.mint(claims(), EVIL, kid="test", jwk=tokens.public(EVIL)),
    "J4 certificate in the header": lambda key: tokens.mint(claims(), EVIL, kid="test", x5c=["AAAA"]),
    "J5 key id as a path": header(kid="../../../../dev/null"),
    "J5 key id as a list": header(kid=["test"]),
    "J5 key id as an object": header(kid={"a": 1}),
    "J5 key id as a number": header(kid=0),
    "J5 key id of nothing": header(kid=""),
    "J5 key id as SQL": header(kid="x' UNION SELECT 'key"),
    "J5 long key id": header(kid="a" * 200),
    "J5 key id in another case": header(kid="TEST"),
    "J5 key id with a blank": header(kid="test "),
    "J10 no expiry": payload(exp=None),
    "J10 infinite expiry": raw(b'"exp":1e400'),
    "J10 expiry twice": raw(b'"exp":9999999999'),
    "J10 expiry as text": payload(exp="9999999999"),
    "J10 expiry as a truth": payload(exp=True),
    "J10 expiry as a list": payload(exp=[9999999999]),
    "J10 expiry beyond all dates": payload(exp=10**18),
    "J10 expiry before all dates": payload(exp=-1),
    "nbf as text": payload(nbf="now"),
    "J11 no audience": payload(aud=None),
    "J11 audience as an object": payload(aud={"a": "vecgate"}),
    "J11 no audience listed": payload(aud=[]),
    "J11 audience beside a number": payload(aud=["vecgate", 1]),
    "J12 issuer as a list": payload(iss=["https://issuer.test/"]),
    "J12 no issuer": payload(iss=None),
    "J15 unknown crit": header(crit=["bork"], bork=1),
    "J15 empty crit": header(crit=[]),
    "J15 unencoded payload": header(b64=False),
    "J16 compressed": header(zip="DEF"),
    "J16 PBES2 cost": header(p2c=10**9),
    "J16 five parts": cut(lambda token: f"{token}.AAAA.AAAA"),
    "J16 four parts": cut(lambda token: f"{token}.AAAA"),
    "J16 two parts": cut(lambda token: token.rpartition(".")[0]),
    "J16 no signature": cut(lambda token: token.rpartition(".")[0] + "."),
    "J16 16 KB of one part": lambda key: "a" * 16_300,
    "J16 16 KB of three parts": lambda key: ".".join(["a" * 5_000] * 3),
    "padding": cut(lambda token: token + "="),
    "signature in another spelling": cut(lambda token: token[:-1] + chr(ord(token[-1]) + 1)),
    "a signature of zeros": cut(lambda token: f"{token.rpartition('.')[0]}.{'A' * 86}"),
    "another payload under the signature": cut(
        lambda token: ".".join(
            [split(token)[0], tokens.segment(claims(sub="root", groups=["admins"])), split(token)[2]]
        )
    ),
    "standard base64": cut(lambda token: "+/" + token),
    "algorithm twice in the header": lambda key: tokens.assemble(
        b'{"alg":"none","alg":"ES256","kid":"test"}', claims(), key, "ES256"
    ),
    "header in UTF-16": lambda key: tokens.assemble(
        '{"alg":"ES256","kid":"test"}'.encode("utf-16"), claims(), key, "ES256"
    ),
    "subject twice": raw(b'"sub":"root"'),
    "subject twice in two spellings": raw(b'"s\\u0075b":"root"'),
    "payload as a list": lambda key: tokens.mint(b"[]", key),
    "payload with NaN": raw(b'"x":NaN'),
    "payload of depth 5000": raw(b'"x":' + b"[" * 5_000 + b"]" * 5_000),
    "J14 a logout token": header(typ="logout+jwt"),
    "J14 a DPoP proof": header(typ="dpop+jwt"),
    "type as a number": header(typ=1),
    "RFC 9449 bound to a key": payload(cnf={"jkt": "x"}),
    "J18 groups as an object": payload(groups={"readers": True}),
    "J18 groups as numbers": payload(groups=[1]),
    "J18 groups in groups": payload(groups=[["readers"]]),
    "J19 no subject": payload(sub=None),
    "J19 subject of nothing": payload(sub=""),
    "J19 subject as a number": payload(sub=1),
    "J19 subject with an override": payload(sub="al\u202eice"),
    "J19 subject of two lines": payload(sub="alice\nroot"),
    "J19 subject with NUL": payload(sub="alice\0"),
    "J25 actor as text": payload(act="root"),
    "J25 actor without a subject": payload(act={"iss": "https://issuer.test/"}),
}


@pytest.mark.parametrize("mint", INVALID.values(), ids=INVALID)
def test_a_token_that_proves_nothing_is_refused(mint: Mint, attacked: UnderAttack) -> None:
    token = mint(attacked.gateway.issuer.key)
    attacked.tokens[token] = token
    reply, outcome = attacked.attack(401, "token_invalid", request(COLLECTIONS, f"Authorization: Bearer {token}"))
    assert 'error="invalid_token"' in (reply.header("www-authenticate") or "")
    assert outcome["facts"]["principal"] is None


BOT = {"sub": "bot", "groups": ["readers"]}
ADMIN = {"sub": "root", "groups": ["admins"]}
REFUSED: dict[str, tuple[Mint, int, str]] = {
    "J10 expired": (payload(exp=NOW - 70), 401, "token_expired"),
    "J13 not yet": (payload(nbf=NOW + 300), 401, "token_not_yet"),
    "J13 issued in the future": (payload(iat=NOW + 300), 401, "token_not_yet"),
    **{
        f"J11 audience {audience!r}": (payload(aud=audience), 401, "audience_mismatch")
        for audience in ("vector-gw-evil", "vecgate-evil", "vecgat", "VECGATE", "vecgate ", ["x"], "", "x,vecgate")
    },
    **{
        f"J12 issuer {issuer}": (payload(iss=issuer), 401, "issuer_unknown")
        for issuer in (
            "https://issuer.test",
            "https://issuer.test//",
            "https://issuer.test/{tenantid}",
            "HTTPS://issuer.test/",
            "http://issuer.test/",
            "https://issuer.test/ ",
            "https://evil.test/",
            "local:operator",
        )
    },
    "J17 groups elsewhere": (
        payload(groups=None, _claim_names={"groups": "src1"}, _claim_sources={"src1": {"endpoint": "http://x/"}}),
        403,
        "group_overage",
    ),
    "J17 too many groups": (payload(groups=None, hasgroups=True), 403, "group_overage"),
    "J18 groups as part of a name": (payload(groups="readers-not"), 403, "no_grant"),
    "J18 groups parted by commas": (payload(groups="x,readers"), 403, "no_grant"),
    "J18 groups parted by blanks": (payload(groups="x readers"), 403, "no_grant"),
    "J18 the wildcard": (payload(groups=["*"]), 403, "no_grant"),
    "J18 a group in another case": (payload(groups=["Readers"]), 403, "no_grant"),
    "J18 a group that looks the same": (payload(groups=["re\u0430ders"]), 403, "no_grant"),
    "J18 no groups": (payload(groups=None), 403, "no_grant"),
    "J25 an admin as actor": (payload(sub="mallory", groups=["x"], act=ADMIN), 403, "no_grant"),
    "J25 an actor without rights": (payload(act={"sub": "a"}), 403, "no_grant"),
    "J25 one without rights behind another": (payload(act=BOT | {"act": {"sub": "a"}}), 403, "no_grant"),
}


@pytest.mark.parametrize(("mint", "status", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_signed_token_gives_exactly_what_it_says(mint: Mint, status: int, reason: str, attacked: UnderAttack) -> None:
    token = mint(attacked.gateway.issuer.key)
    attacked.tokens[token] = token
    attacked.attack(status, reason, request(COLLECTIONS, f"Authorization: Bearer {token}"))


def test_no_address_in_a_token_is_asked(attacked: UnderAttack) -> None:
    before, url = attacked.upstream.connections, attacked.upstream.url
    key = attacked.gateway.issuer.key
    named = {"jku": f"{url}/jwks", "x5u": f"{url}/x", "kid": f"{url}/kid"}
    for name, value in named.items():
        token = tokens.mint(claims(), EVIL, **{"kid": "test", name: value})
        attacked.attack(401, "token_invalid", request(COLLECTIONS, f"Authorization: Bearer {token}"))
    for changes in ({"iss": url}, {"iss": f"{url}/"}, {"iss": attacked.gateway.url}):
        token = tokens.mint(claims(None, **changes), key)
        attacked.attack(401, "issuer_unknown", request(COLLECTIONS, f"Authorization: Bearer {token}"))
    source = {"_claim_names": {"groups": "s"}, "_claim_sources": {"s": {"endpoint": f"{url}/groups"}}}
    token = tokens.mint(claims(None, groups=None, **source), key)
    attacked.attack(403, "group_overage", request(COLLECTIONS, f"Authorization: Bearer {token}"))
    assert attacked.upstream.connections == before


GOOD: dict[str, Mint] = {
    "J13 half a minute after its expiry": lambda key: payload(exp=int(time.time()) - 30)(key),
    "one of two audiences": payload(aud=["x", "vecgate"]),
    "without a key id": header(kid=None),
    "an access token": header(typ="at+jwt"),
    "J18 one group as text": payload(groups="readers"),
    "J25 actors that may do the same": payload(act=BOT | {"act": BOT}),
}


@pytest.mark.parametrize("mint", GOOD.values(), ids=GOOD)
def test_a_good_token_passes(mint: Mint, attacked: UnderAttack) -> None:
    token = mint(attacked.gateway.issuer.key)
    attacked.tokens[token] = token
    reply, _ = attacked.allowed(request(COLLECTIONS, f"Authorization: Bearer {token}"))
    assert reply.status == 200


PLACES: dict[str, tuple[list[str], str, int, str]] = {
    "none": ([], "", 401, "token_missing"),
    "J20 in the query": ([], "?access_token={}", 400, "credential_ambiguous"),
    "J20 in the query and the header": (["Authorization: Bearer {}"], "?access_token={}", 400, "credential_ambiguous"),
    "J20 in the query, encoded": ([], "?acc%65ss_token={}", 400, "credential_ambiguous"),
    "J20 in the query, other letters": ([], "?ACCESS-TOKEN={}", 400, "credential_ambiguous"),
    "J20 in the query by the engine's name": ([], "?x-chroma-token={}", 400, "credential_ambiguous"),
    "J20 as the query": ([], "?{}", 400, "credential_ambiguous"),
    "J20 in the query under any name": ([], "?q={}", 401, "token_missing"),
    "J20 in the path": (["Authorization: Bearer {}"], "/{}", 400, "credential_ambiguous"),
    "J20 in the path, encoded": (["Authorization: Bearer {}"], "/%65yJ{}", 400, "credential_ambiguous"),
    "J21 in a cookie": (["Cookie: token={}"], "", 401, "token_missing"),
    "J22 twice": (["Authorization: Bearer {}", "Authorization: Bearer {}"], "", 400, "credential_ambiguous"),
    "J22 twice, one of another scheme": (
        ["Authorization: Bearer {}", "authorization: Basic eA=="],
        "",
        400,
        "credential_ambiguous",
    ),
    "J22 in both headers": (["Authorization: Bearer {}", "X-Chroma-Token: {}"], "", 400, "credential_ambiguous"),
    "J22 beside another engine's": (["Authorization: Bearer {}", "api-key: x"], "", 400, "credential_ambiguous"),
    "another engine's header": (["api-key: {}"], "", 400, "credential_ambiguous"),
    "a proxy's header": (["Proxy-Authorization: Bearer {}"], "", 400, "credential_ambiguous"),
    "J22 two in one header": (["Authorization: Bearer {}, Bearer {}"], "", 401, "token_invalid"),
    "another scheme": (["Authorization: Basic {}"], "", 401, "token_invalid"),
    "no scheme": (["Authorization: {}"], "", 401, "token_invalid"),
    "no token": (["Authorization: Bearer"], "", 401, "token_invalid"),
    "nothing": (["Authorization:"], "", 401, "token_invalid"),
    "a tab after the scheme": (["Authorization: Bearer\t{}"], "", 401, "token_invalid"),
    "something behind": (["Authorization: Bearer {} x"], "", 401, "token_invalid"),
    "a scheme in the engine's header": (["X-Chroma-Token: Bearer {}"], "", 401, "token_invalid"),
    "a name that frameworks fold": (["X_Chroma_Token: {}"], "", 401, "token_missing"),
    "another header": (["X-Authorization: Bearer {}"], "", 401, "token_missing"),
    "identity headers": (["X-Forwarded-User: root", "X-Remote-User: root"], "", 401, "token_missing"),
}


@pytest.mark.parametrize(("lines", "suffix", "status", "reason"), PLACES.values(), ids=PLACES)
def test_a_credential_stands_in_one_place(
    lines: list[str], suffix: str, status: int, reason: str, attacked: UnderAttack
) -> None:
    token = attacked.token()
    filled = [line.replace("{}", token) for line in lines]
    reply, _ = attacked.attack(status, reason, request(COLLECTIONS + suffix.replace("{}", token), *filled))
    challenge = reply.header("www-authenticate") or ""
    assert challenge.startswith("Bearer ") == (status == 401)
    assert ("error=" in challenge) == (reason == "token_invalid")


def test_a_token_in_the_user_agent_is_not_recorded(attacked: UnderAttack) -> None:
    reply, _ = attacked.allowed(request(COLLECTIONS, attacked.bearer(), f"User-Agent: x {attacked.token()}"))
    assert reply.status == 200


EXEMPT: dict[str, tuple[str, str]] = {
    "P10 a query like a probe's": (f"{COLLECTIONS}?x=/healthz", "GET"),
    "P10 a query on a public route": ("/api/v2/version?x", "GET"),
    "P10 another method on a public route": ("/api/v2/heartbeat", "POST"),
    "P10 a probe's path": ("/healthz", "GET"),
    "P10 a public route in other letters": ("/API/v2/heartbeat", "GET"),
    "P10 a name like a public route": ("/api/v2/tenants/heartbeat", "GET"),
    "P10 below a public route": ("/api/v2/heartbeat/x", "GET"),
    "identity": ("/api/v2/auth/identity", "GET"),
    "limits": ("/api/v2/pre-flight-checks", "GET"),
    "reset": ("/api/v2/reset", "POST"),
    "description": ("/openapi.json", "GET"),
}


@pytest.mark.parametrize(("target", "method"), EXEMPT.values(), ids=EXEMPT)
def test_only_exact_public_routes_answer_without_a_token(target: str, method: str, attacked: UnderAttack) -> None:
    lines = ["User-Agent: kube-probe/1.2", "X-Forwarded-Uri: /api/v2/heartbeat", "X-Original-URL: /api/v2/version"]
    attacked.attack(401, "token_missing", request(target, *lines, method=method))


def test_a_public_route_is_public_whatever_credential_comes_with_it(attacked: UnderAttack) -> None:
    reply, sent = attacked.allowed(request("/api/v2/version", "Authorization: Bearer x"))
    assert (reply.status, len(sent.headers("x-chroma-token")), b"Bearer" in sent.head) == (200, 1, False)


def test_unknown_key_ids_are_refused_fast(attacked: UnderAttack) -> None:
    key = attacked.gateway.issuer.key
    started = time.monotonic()
    for number in range(100):
        token = tokens.mint(claims(), key, kid=f"k{number}")
        reply = send(attacked.port, request(COLLECTIONS, f"Authorization: Bearer {token}"))
        assert (reply.status, reply.reason) == (401, "token_invalid")
    assert time.monotonic() - started < 10
    attacked.settle(100)


def test_a_body_is_not_read_for_whom_nobody_knows(attacked: UnderAttack) -> None:
    big = base64.b64encode(bytes(1_000_000))
    attacked.attack(401, "token_missing", request(f"{COLLECTIONS}/{PUBLIC}/get", method="POST", body=big))


def test_the_same_subject_of_another_group_is_one_person(attacked: UnderAttack) -> None:
    _, first = attacked.attack(403, "no_grant", attacked.post(COLLECTIONS, {"name": "neu"}, groups=["readers"]))
    _, second = attacked.attack(403, "no_grant", attacked.post(COLLECTIONS, {"name": "neu"}, groups=["writers"]))
    assert first["session"] == second["session"]
