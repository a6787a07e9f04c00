"""One JWT against one key: what is accepted, and the precise reason for what is not (threats J1–J19, J24, J25)."""

from __future__ import annotations

import base64
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.tokens import (
    AUDIENCE,
    ISSUER,
    assemble,
    b64,
    claims,
    ec,
    ed,
    encode,
    hmac_signed,
    mint,
    public,
    rsa,
    segment,
)

from vecgate.config.identity import Claims, Issuer
from vecgate.config.units import Duration
from vecgate.errors import Refusal
from vecgate.identity.keys import VerificationKey
from vecgate.identity.principal import Principal
from vecgate.identity.rules import Rules
from vecgate.identity.tokens import LEEWAY, Jwt
from vecgate.reasons import Reason

NOW = 1_790_000_000
KEY = VerificationKey.parse(public(ec()))
RSA = VerificationKey.parse(public(rsa()))


def rules(**changes: Any) -> Rules:
    return Rules.compile(Issuer(**{"issuer": ISSUER, "audience": AUDIENCE} | changes))


def prove(token: str, key: VerificationKey = KEY, now: float = NOW, **changes: Any) -> Principal:
    return Jwt.parse(token).verify(key, rules(**changes), now)


def payload(**changes: Any) -> dict[str, Any]:
    return claims(NOW, **changes)


def reason(token: str, key: VerificationKey = KEY, **changes: Any) -> Reason:
    with pytest.raises(Refusal) as caught:
        prove(token, key, **changes)
    said = f"{caught.value}{caught.value!r}{caught.value.extra}"
    assert not any(len(part) > 8 and part in said for part in token.split(".")), "a refusal quotes the token"
    return caught.value.reason


def test_a_good_token_becomes_a_principal() -> None:
    principal = prove(mint(payload(azp="cli", preferred_username="Alice", jti="t1", groups=["eng", "ops"])))
    assert principal == Principal(ISSUER, "alice")
    assert (principal.name, principal.client, principal.token_id) == ("Alice", "cli", "t1")
    assert principal.groups == {"eng", "ops"}
    assert principal.expires == NOW + 600 + LEEWAY
    assert principal.claims["azp"] == "cli"


@pytest.mark.parametrize(
    ("alg", "key"), [("RS256", rsa()), ("PS512", rsa()), ("ES256", ec()), ("ES384", ec("c", "P-384")), ("EdDSA", ed())]
)
def test_every_asymmetric_algorithm_verifies(alg: str, key: Any) -> None:
    token = mint(payload(), key, alg)
    assert prove(token, VerificationKey.parse(public(key)), algorithms=[alg]).subject == "alice"


HEADER = {"alg": "ES256", "kid": "ec"}

FORGED = {
    "J1 none": f"{segment({'alg': 'none'})}.{segment(claims(NOW))}.",
    "J1 none with a signature": f"{segment({'alg': 'none'})}.{segment(claims(NOW))}.AA",
    "J1 None": assemble({"alg": "None", "kid": "ec"}, claims(NOW), ec(), "ES256"),
    "J1 es256": assemble({"alg": "es256", "kid": "ec"}, claims(NOW), ec(), "ES256"),
    "J1 no alg": assemble({"kid": "ec"}, claims(NOW), ec(), "ES256"),
    "J1 alg list": assemble({"alg": ["ES256"]}, claims(NOW), ec(), "ES256"),
    "J2 HS256 with the PEM": hmac_signed(ec().as_pem(private=False), {"alg": "HS256", "kid": "ec"}),
    "J2 RS256 in name, HMAC in deed": hmac_signed(rsa().as_pem(private=False), {"alg": "RS256", "kid": "rsa"}),
    "J2 another algorithm of the key": mint(claims(NOW), rsa(), "RS512"),
    "J4 jwk": mint(claims(NOW), ec("attacker"), jwk=public(ec("attacker")), kid="ec"),
    "J4 jwk of the right key": mint(claims(NOW), jwk=public(ec())),
    "J4 jku": mint(claims(NOW), jku="https://evil.test/keys"),
    "J4 x5u": mint(claims(NOW), x5u="https://evil.test/cert"),
    "J4 x5c": mint(claims(NOW), x5c=["MIIB"]),
    "J5 path": mint(claims(NOW), kid="../../../../dev/null"),
    "J5 list": mint(claims(NOW), kid=["a"]),
    "J5 null": assemble(b'{"alg":"ES256","kid":null}', claims(NOW), ec(), "ES256"),
    "J5 empty": mint(claims(NOW), kid=""),
    "J5 long": mint(claims(NOW), kid="k" * 129),
    "J5 newline": mint(claims(NOW), kid="ec\n"),
    "J15 crit": mint(claims(NOW), crit=["bork"], bork=1),
    "J15 empty crit": mint(claims(NOW), crit=[]),
    "J15 b64": mint(claims(NOW), b64=False),
    "J16 four dots": "a.b.c.d.e",
    "J16 two parts": "a.b",
    "J16 zip": mint(claims(NOW), zip="DEF"),
    "J16 PBES2": mint(claims(NOW), p2c=2**31),
    "J16 70 KB": "a." + "b" * 70_000 + ".c",
    "another key": mint(claims(NOW), ec("attacker"), kid="ec"),
    "no signature bytes": mint(claims(NOW)).rpartition(".")[0] + ".AA",
    "padding": mint(claims(NOW)) + "==",
    "standard base64": mint(claims(NOW)).replace(".", "+", 1),
    "white space": mint(claims(NOW)) + "\n",
    "not a token": "sk-123456",
    "empty": "",
    "header is a list": assemble(b"[]", claims(NOW), ec(), "ES256"),
    "header twice alg": assemble(b'{"alg":"none","alg":"ES256"}', claims(NOW), ec(), "ES256"),
    "header typ list": mint(claims(NOW), typ=["JWT"]),
    "payload twice sub": assemble(HEADER, encode(claims(NOW))[:-1] + b',"sub":"admin"}', ec(), "ES256"),
    "payload list": assemble(HEADER, b"[]", ec(), "ES256"),
    "payload text": assemble(HEADER, b"hello", ec(), "ES256"),
    "nested": assemble(HEADER, mint(claims(NOW)).encode(), ec(), "ES256"),
    "typ logout": mint(claims(NOW), typ="logout+jwt"),
    "typ dpop": mint(claims(NOW), typ="DPoP+JWT"),
}


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED.keys())
@pytest.mark.parametrize("key", [KEY, RSA], ids=["EC", "RSA"])
def test_a_forged_token_is_invalid_whatever_the_key(token: str, key: VerificationKey) -> None:
    assert reason(token, key) is Reason.TOKEN_INVALID


HOSTILE = [
    ("J10 no exp", payload(exp=None), Reason.TOKEN_INVALID),
    ("J10 text", payload(exp=str(NOW + 600)), Reason.TOKEN_INVALID),
    ("J10 true", payload(exp=True), Reason.TOKEN_INVALID),
    ("J10 beyond all dates", payload(exp=1e300), Reason.TOKEN_INVALID),
    ("J10 negative", payload(exp=-1), Reason.TOKEN_INVALID),
    ("J10 list", payload(exp=[NOW + 600]), Reason.TOKEN_INVALID),
    ("J10 1e400", encode(payload(exp=None))[:-1] + b',"exp":1e400}', Reason.TOKEN_INVALID),
    ("J11 longer", payload(aud="vecgate-evil"), Reason.AUDIENCE_MISMATCH),
    ("J11 shorter", payload(aud="vec"), Reason.AUDIENCE_MISMATCH),
    ("J11 other case", payload(aud="Vecgate"), Reason.AUDIENCE_MISMATCH),
    ("J11 list", payload(aud=["a", "vecgate "]), Reason.AUDIENCE_MISMATCH),
    ("J11 none", payload(aud=None), Reason.TOKEN_INVALID),
    ("J11 empty", payload(aud=[]), Reason.TOKEN_INVALID),
    ("J11 mixed", payload(aud=["vecgate", 1]), Reason.TOKEN_INVALID),
    ("J11 object", payload(aud={"vecgate": True}), Reason.TOKEN_INVALID),
    ("J12 no slash", payload(iss=ISSUER[:-1]), Reason.ISSUER_UNKNOWN),
    ("J12 list", payload(iss=[ISSUER]), Reason.TOKEN_INVALID),
    ("J12 none", payload(iss=None), Reason.TOKEN_INVALID),
    ("J13 nbf in five minutes", payload(nbf=NOW + 300), Reason.TOKEN_NOT_YET),
    ("J13 iat in five minutes", payload(iat=NOW + 300), Reason.TOKEN_NOT_YET),
    ("J13 nbf text", payload(nbf="0"), Reason.TOKEN_INVALID),
    ("J13 expired a minute ago", payload(exp=NOW - 60), Reason.TOKEN_EXPIRED),
    ("J17 overage", payload(groups=None, _claim_names={"groups": "s"}, _claim_sources={"s": {"endpoint": "https://e"}}),
     Reason.GROUP_OVERAGE),
    ("J17 overage beside groups", payload(_claim_names={"groups": "s"}), Reason.GROUP_OVERAGE),
    ("J17 unreadable", payload(_claim_names=["groups"]), Reason.GROUP_OVERAGE),
    ("J17 hasgroups", payload(groups=None, hasgroups=True), Reason.GROUP_OVERAGE),
    ("J17 hasgroups text", payload(groups=None, hasgroups="true"), Reason.GROUP_OVERAGE),
    ("J18 object", payload(groups={"admins": True}), Reason.TOKEN_INVALID),
    ("J18 mixed", payload(groups=["eng", 7]), Reason.TOKEN_INVALID),
    ("J18 nested", payload(groups=["eng", ["admins"]]), Reason.TOKEN_INVALID),
    ("J18 empty name", payload(groups=[""]), Reason.TOKEN_INVALID),
    ("J18 number", payload(groups=0), Reason.TOKEN_INVALID),
    ("J19 no sub", payload(sub=None), Reason.TOKEN_INVALID),
    ("J19 empty sub", payload(sub=""), Reason.TOKEN_INVALID),
    ("J19 number", payload(sub=1), Reason.TOKEN_INVALID),
    ("J19 line break", payload(sub="alice\nadmin"), Reason.TOKEN_INVALID),
    ("J19 direction mark", payload(sub="\u202ealice"), Reason.TOKEN_INVALID),
    ("J25 actor text", payload(act="admin"), Reason.TOKEN_INVALID),
    ("J25 actor without sub", payload(act={"iss": "x"}), Reason.TOKEN_INVALID),
    ("J25 actor's issuer with a space", payload(act={"iss": "x y", "sub": "z"}), Reason.TOKEN_INVALID),
    ("J25 actor's issuer with a line feed", payload(act={"iss": "x\ny", "sub": "z"}), Reason.TOKEN_INVALID),
    ("J25 actor's issuer is no text", payload(act={"iss": None, "sub": "z"}), Reason.TOKEN_INVALID),
    ("J25 actor's groups are no names", payload(act={"sub": "z", "groups": [1]}), Reason.TOKEN_INVALID),
    ("J25 actor's groups are elsewhere", payload(act={"sub": "z", "hasgroups": True}), Reason.GROUP_OVERAGE),
    ("cnf", payload(cnf={"jkt": "x"}), Reason.TOKEN_INVALID),
    ("cnf null", encode(payload())[:-1] + b',"cnf":null}', Reason.TOKEN_INVALID),
    ("jti number", payload(jti=7), Reason.TOKEN_INVALID),
    ("client number", payload(azp=7), Reason.TOKEN_INVALID),
]  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), [case[1:] for case in HOSTILE], ids=[case[0] for case in HOSTILE])
def test_a_signed_token_that_claims_too_much_or_too_little_is_refused(body: Any, expected: Reason) -> None:
    assert reason(mint(body)) is expected


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": NOW - 30},
        {"exp": NOW - 59.5},
        {"exp": NOW + 0.5},
        {"nbf": NOW + 60, "iat": NOW + 60},
        {"iat": None},
        {"aud": ["other", AUDIENCE]},
        {"_claim_names": {"address": "s"}, "_claim_sources": {}},
        {"hasgroups": False},
        {"act": {"sub": "svc", "act": {"sub": "svc2"}}},
    ],
)
def test_a_token_within_the_rules_is_accepted(changes: dict[str, Any]) -> None:
    assert prove(mint(payload(**changes))).subject == "alice"


@pytest.mark.parametrize(
    ("pointer", "changes", "groups"),
    [
        ("/groups", {"groups": "admins"}, {"admins"}),
        ("/groups", {"groups": "a b,c"}, {"a b,c"}),
        ("/groups", {"groups": None}, set()),
        ("/groups", {"groups": []}, set()),
        ("/groups", {"groups": ["Eng", "eng"]}, {"Eng", "eng"}),
        ("/groups", {"groups": ["e\u0301quipe"]}, {"\u00e9quipe"}),
        ("/realm_access/roles", {"realm_access": {"roles": ["x"]}}, {"x"}),
        ("/roles", {"roles": ["r"], "_claim_names": {"groups": "s"}, "hasgroups": True}, {"r"}),
    ],
)
def test_groups_are_exact_names(pointer: str, changes: dict[str, Any], groups: set[str]) -> None:
    token = mint(payload(**changes))
    assert prove(token, claims=Claims(groups=pointer)).groups == groups


def test_subjects_are_nfc_and_keep_their_case() -> None:
    assert prove(mint(payload(sub="Ame\u0301lie"))).subject == "Am\u00e9lie"
    assert prove(mint(payload(sub="ALICE"))) != prove(mint(payload(sub="alice")))


def test_one_subject_of_two_issuers_is_two_principals() -> None:
    other = prove(mint(payload(iss="https://other.test")), issuer="https://other.test")
    assert other != prove(mint(payload()))


def test_an_actor_adds_nothing() -> None:
    principal = prove(mint(payload(act={"sub": "root", "groups": ["admins"]})))
    assert principal.subject == "alice"
    assert principal.groups == {"eng"}
    assert principal.claims["act"]["sub"] == "root"


def test_actors_are_of_the_tokens_issuer_unless_it_says_otherwise() -> None:
    act = {"sub": "bot", "groups": ["agents"], "azp": "cli", "act": {"iss": "https://other.test", "sub": "deep"}}
    bot, deep = prove(mint(payload(act=act))).actors
    assert (bot.issuer, bot.subject, bot.client) == (ISSUER, "bot", "cli")
    assert bot.groups == {"agents"}
    assert (deep.issuer, deep.subject, deep.groups) == ("https://other.test", "deep", frozenset())


def test_an_actor_chain_has_an_end() -> None:
    actor: dict[str, Any] = {"sub": "end"}
    for _ in range(9):
        actor = {"sub": "link", "act": actor}
    assert reason(mint(payload(act=actor))) is Reason.TOKEN_INVALID


def test_the_client_is_the_configured_claim_or_that_of_rfc_9068() -> None:
    assert prove(mint(payload(azp="a", client_id="b"))).client == "a"
    assert prove(mint(payload(client_id="b"))).client == "b"
    assert prove(mint(payload())).client == ""


def test_every_name_by_which_a_token_can_be_revoked_is_read() -> None:
    token = mint(payload(jti="t1", sid="s1", uti="t2", login="s2", oid="9f1c", act={"sub": "agent", "oid": "77"}))
    plain = prove(token)
    assert (plain.token_id, plain.session, plain.account) == ("t1", "s1", "")
    entra = prove(token, claims=Claims(token_id="/uti", session="/login", account="/oid"))
    assert (entra.token_id, entra.session, entra.account) == ("t2", "s2", "9f1c")
    assert set(entra.revocable) == {
        f"{ISSUER} alice",
        f" {ISSUER} t2",
        f"  {ISSUER} s2",
        f"   {ISSUER} 9f1c",
    }
    (agent,) = entra.actors
    assert set(agent.revocable) == {f"{ISSUER} agent", f"   {ISSUER} 77"}


@pytest.mark.parametrize("account", [None, "", 7, ["a"]])
def test_a_token_without_the_account_that_directories_name_is_refused(account: Any) -> None:
    token = mint(payload(oid=account))
    assert reason(token, claims=Claims(account="/oid")) is Reason.TOKEN_INVALID
    assert prove(token).account == ""
    acting = mint(payload(oid="9f1c", act={"sub": "agent", "oid": account}))
    assert reason(acting, claims=Claims(account="/oid")) is Reason.TOKEN_INVALID


def test_a_name_is_fit_to_be_shown() -> None:
    assert prove(mint(payload(preferred_username="\u202eA\x1b[31mlice" + "e" * 500))).name.startswith("A[31mlicee")
    assert len(prove(mint(payload(preferred_username="e" * 500))).name) == 256
    assert prove(mint(payload(preferred_username=["x"]))).name == ""


ACCESS = {"client_id": "cli", "jti": "1"}


@pytest.mark.parametrize(
    ("kind", "changes", "accepted"),
    [
        ("at+jwt", ACCESS, True),
        ("application/AT+JWT", ACCESS, True),
        ("JWT", ACCESS, False),
        (None, ACCESS, False),
        ("at+jwt", {"client_id": "cli"}, False),
        ("at+jwt", {"jti": "1"}, False),
        ("at+jwt", {**ACCESS, "iat": None}, False),
    ],
)
def test_strict_mode_takes_access_tokens_only(kind: str | None, changes: dict[str, Any], accepted: bool) -> None:
    token = mint(payload(**changes), typ=kind)
    if accepted:
        assert prove(token, strict=True).client == "cli"
    else:
        assert reason(token, strict=True) is Reason.TOKEN_INVALID


@pytest.mark.parametrize(
    ("changes", "accepted"), [({}, True), ({"exp": NOW + 601}, False), ({"iat": None}, False), ({"iat": NOW + 1}, True)]
)
def test_a_token_must_not_live_longer_than_allowed(changes: dict[str, Any], accepted: bool) -> None:
    token, limit = mint(payload(**changes)), Duration.parse("10m")
    if accepted:
        prove(token, max_lifetime=limit)
    else:
        assert reason(token, max_lifetime=limit) is Reason.TOKEN_INVALID


def test_a_signature_has_one_spelling() -> None:
    token = mint(payload())
    head, _, signature = token.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    last = next(c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
                if c != signature[-1] and base64.urlsafe_b64decode(signature[:-1] + c + "==") == raw)  # fmt: skip
    assert reason(f"{head}.{signature[:-1]}{last}") is Reason.TOKEN_INVALID


@given(st.binary(max_size=80), st.binary(max_size=80), st.binary(max_size=80))
def test_no_bytes_make_the_parser_fail_otherwise(header: bytes, body: bytes, signature: bytes) -> None:
    with pytest.raises(Refusal):
        prove(f"{b64(header)}.{b64(body)}.{b64(signature)}")


@given(st.integers(0, 10_000), st.characters(codec="ascii"))
def test_a_changed_token_never_verifies(position: int, replacement: str) -> None:
    token = mint(payload())
    position %= len(token)
    if token[position] != replacement:
        with pytest.raises(Refusal):
            prove(token[:position] + replacement + token[position + 1 :])


@given(st.text(min_size=1, max_size=12))
def test_groups_come_out_normalised_and_nothing_else(group: str) -> None:
    assert prove(mint(payload(groups=[group]))).groups == {unicodedata.normalize("NFC", group)}
