"""From a credential to a principal: caching, revocation, plugins, start and stop."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.origin import DISCOVERY, JWKS, Origin, json
from tests.support.state import Clock
from tests.support.tokens import AUDIENCE, ISSUER, claims, ec, hmac_signed, jwks_file, mint, public, rsa

from vecgate.config.identity import Certificates, Identity, Issuer
from vecgate.errors import ConfigError, Refusal, Unavailable
from vecgate.identity import tokens
from vecgate.identity.authenticator import Authenticator
from vecgate.identity.certificate import Certificate
from vecgate.identity.directory import Directory, DirectoryError
from vecgate.identity.membership import Membership
from vecgate.identity.principal import Principal
from vecgate.reasons import Reason

NOW = 1_790_000_000.0

type Make = Callable[..., Awaitable[Authenticator]]


def payload(**changes: Any) -> dict[str, Any]:
    return claims(NOW, **changes)


class Scene:
    """An issuer without a network, time that stands, and whom to revoke."""

    def __init__(self) -> None:
        self.origin = Origin(rsa(), ec())
        self.wall, self.clock = Clock(NOW), Clock(1000.0)
        self.revoked: set[str] = set()

    def authenticator(self, *issuers: Issuer, base: Path = Path(), **changes: Any) -> Authenticator:
        identity = Identity(issuers=list(issuers) or [Issuer(issuer=ISSUER, audience=AUDIENCE)])
        given: dict[str, Any] = {
            "revoked": lambda principal: principal.subject in self.revoked,
            "transport": self.origin,
            "wall": self.wall,
            "clock": self.clock,
        }
        return Authenticator(identity, base, **given | changes)


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
async def start(scene: Scene) -> AsyncIterator[Make]:
    running = []

    async def started(*issuers: Issuer, **changes: Any) -> Authenticator:
        authenticator = scene.authenticator(*issuers, **changes)
        await authenticator.start()
        running.append(authenticator)
        return authenticator

    yield started
    for authenticator in running:
        await authenticator.stop()


async def reason(authenticator: Authenticator, token: str, **given: Any) -> Reason:
    with pytest.raises(Refusal) as caught:
        await authenticator.authenticate(token, **given)
    return caught.value.reason


async def test_a_token_is_proved_once_and_then_recalled(start: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    authenticator, token = await start(), mint(payload())
    assert authenticator.cached(token) is None
    principal = await authenticator.authenticate(token)
    monkeypatch.setattr(tokens.Jwt, "parse", lambda *a: pytest.fail("parsed again"))
    assert authenticator.cached(token) is principal
    assert await authenticator.authenticate(token) is principal
    assert principal.fingerprint == hashlib.sha256(token.encode()).hexdigest()[:16]


async def test_a_recalled_proof_ends_with_the_token(start: Make, scene: Scene) -> None:
    authenticator, token = await start(), mint(payload(exp=int(NOW) + 10))
    principal = await authenticator.authenticate(token)
    scene.wall.now += 69
    assert authenticator.cached(token) is principal
    scene.wall.now += 1
    assert authenticator.cached(token) is None
    assert await reason(authenticator, token) is Reason.TOKEN_EXPIRED


async def test_a_recalled_proof_ends_with_its_key(start: Make, scene: Scene) -> None:
    authenticator, token = await start(), mint(payload())
    await authenticator.authenticate(token)
    scene.origin.publish(rsa())
    assert await reason(authenticator, mint(payload(), ec("unknown"))) is Reason.TOKEN_INVALID
    assert authenticator.cached(token) is None
    assert await reason(authenticator, token) is Reason.TOKEN_INVALID


async def test_a_recalled_proof_ends_when_its_keys_count_no_longer(start: Make, scene: Scene) -> None:
    authenticator, token = await start(), mint(payload(exp=int(NOW) + 86400))
    await authenticator.authenticate(token)
    scene.origin.replies[DISCOVERY] = httpx.ConnectError("down")
    scene.clock.now += 899
    assert authenticator.cached(token) is not None
    scene.clock.now += 1
    assert authenticator.cached(token) is None
    assert await reason(authenticator, token) is Reason.IDENTITY_UNAVAILABLE


async def test_revocation_counts_at_once(start: Make, scene: Scene) -> None:
    authenticator, token = await start(), mint(payload())
    principal = await authenticator.authenticate(token)
    scene.revoked.add("alice")
    assert authenticator.cached(token) is None
    assert await reason(authenticator, token) is Reason.TOKEN_REVOKED
    with pytest.raises(Refusal) as caught:
        authenticator.recheck(principal)
    assert caught.value.reason is Reason.TOKEN_REVOKED


async def test_a_revocation_list_that_fails_lets_nobody_in(start: Make) -> None:
    def broken(principal: Principal) -> bool:
        raise OSError("state is gone")

    authenticator = await start(revoked=broken)
    with pytest.raises(OSError, match="state is gone"):
        await authenticator.authenticate(mint(payload()))
    with pytest.raises(OSError, match="state is gone"):
        authenticator.cached(mint(payload())) or await authenticator.authenticate(mint(payload()))


async def test_a_held_request_is_not_released_after_its_token_ended(start: Make, scene: Scene) -> None:
    authenticator = await start()
    principal = await authenticator.authenticate(mint(payload(exp=int(NOW) + 5)))
    authenticator.recheck(principal)
    with pytest.raises(Refusal) as caught:
        authenticator.recheck(principal, NOW + 65)
    assert caught.value.reason is Reason.TOKEN_EXPIRED


async def test_a_held_request_is_not_released_after_its_issuer_was_taken_out(start: Make) -> None:
    principal = await (await start()).authenticate(mint(payload()))
    later = await start(Issuer(issuer="https://other.test/", audience=AUDIENCE))
    with pytest.raises(Refusal) as caught:
        later.recheck(principal)
    assert caught.value.reason is Reason.ISSUER_UNKNOWN
    with_plugin = await start(Issuer(issuer="https://other.test/", audience=AUDIENCE), plugin=lambda *_: None)
    with_plugin.recheck(principal)


async def test_a_stopped_authenticator_recalls_nothing(start: Make) -> None:
    authenticator, token = await start(), mint(payload())
    await authenticator.authenticate(token)
    await authenticator.stop()
    assert authenticator.cached(token) is None


SELF_SERVING = {
    "J1": mint(payload(), alg="ES256") and f"{mint(payload()).rpartition('.')[0]}.AA",
    "J2": hmac_signed(rsa().as_pem(private=False), {"alg": "HS256", "kid": "rsa"}, payload()),
    "J4 jwk": mint(payload(), ec("attacker"), jwk=public(ec("attacker"))),
    "J4 jku": mint(payload(), ec("attacker"), jku="https://evil.test/keys"),
    "J4 x5u": mint(payload(), ec("attacker"), x5u="https://evil.test/cert"),
    "J4 iss": mint(payload(iss="https://evil.test/"), ec("attacker"), kid="evil"),
    "J5": mint(payload(), kid="https://evil.test/kid"),
    "J17": mint(
        payload(
            groups=None, _claim_names={"groups": "s"}, _claim_sources={"s": {"endpoint": "https://evil.test/groups"}}
        )
    ),
}


@pytest.mark.parametrize("token", SELF_SERVING.values(), ids=SELF_SERVING.keys())
async def test_nothing_a_token_names_is_ever_fetched(start: Make, scene: Scene, token: str) -> None:
    authenticator = await start()
    before = scene.origin.requests.copy()
    await reason(authenticator, token)
    assert scene.origin.requests == before


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        (mint(payload(iss="https://other.test/")), Reason.ISSUER_UNKNOWN),
        (mint(payload(iss=ISSUER[:-1])), Reason.ISSUER_UNKNOWN),
        (mint(payload(aud="other")), Reason.AUDIENCE_MISMATCH),
        (mint(payload(exp=NOW - 61)), Reason.TOKEN_EXPIRED),
        (mint(payload(nbf=NOW + 61)), Reason.TOKEN_NOT_YET),
        (mint(payload(), rsa(), "PS256"), Reason.TOKEN_INVALID),
        (mint(payload(), kid=None), None),
        (mint(payload(), rsa(), "RS256", kid="ec"), Reason.TOKEN_INVALID),
        ("opaque", Reason.TOKEN_INVALID),
    ],
)
async def test_the_reason_is_precise(start: Make, token: str, expected: Reason | None) -> None:
    authenticator = await start()
    if expected is None:
        assert (await authenticator.authenticate(token)).subject == "alice"
    else:
        assert await reason(authenticator, token) is expected


async def test_one_subject_of_two_issuers_stays_two(start: Make, tmp_path: Path) -> None:
    one, two = ec("one"), ec("two")
    jwks_file(tmp_path / "one.json", one)
    jwks_file(tmp_path / "two.json", two)
    issuers = [Issuer(issuer=f"https://{n}.test", audience=AUDIENCE, jwks=f"file:{n}.json") for n in ("one", "two")]
    authenticator = await start(*issuers, base=tmp_path)
    first = await authenticator.authenticate(mint(payload(iss="https://one.test"), one))
    second = await authenticator.authenticate(mint(payload(iss="https://two.test"), two))
    assert first.subject == second.subject
    assert first != second
    assert first.key != second.key
    assert await reason(authenticator, mint(payload(iss="https://two.test"), one)) is Reason.TOKEN_INVALID
    assert await reason(authenticator, mint(payload(iss="https://two.test"), one, kid="two")) is Reason.TOKEN_INVALID


async def test_with_a_key_file_the_issuer_is_never_contacted(start: Make, scene: Scene, tmp_path: Path) -> None:
    reference = jwks_file(tmp_path / "jwks.json", ec())
    authenticator = await start(Issuer(issuer=ISSUER, audience=AUDIENCE, jwks=reference))
    await authenticator.authenticate(mint(payload()))
    await reason(authenticator, mint(payload(), ec("unknown")))
    assert not scene.origin.requests


async def test_an_issuer_that_is_down_does_not_stop_the_start(start: Make, scene: Scene) -> None:
    scene.origin.replies[DISCOVERY] = httpx.ConnectError("down")
    authenticator, token = await start(), mint(payload())
    assert await reason(authenticator, token) is Reason.IDENTITY_UNAVAILABLE
    scene.origin.replies[DISCOVERY] = json({"issuer": ISSUER, "jwks_uri": JWKS})
    scene.clock.now += 31
    assert (await authenticator.authenticate(token)).subject == "alice"


async def test_misconfiguration_found_at_start_names_every_issuer(scene: Scene, tmp_path: Path) -> None:
    scene.origin.replies[DISCOVERY] = json({"issuer": "https://evil.test/", "jwks_uri": JWKS})
    authenticator = scene.authenticator(
        Issuer(issuer=ISSUER, audience=AUDIENCE),
        Issuer(issuer="https://two.test", audience=AUDIENCE, jwks="file:missing.json"),
        base=tmp_path,
    )
    with pytest.raises(ConfigError) as caught:
        await authenticator.start()
    assert [found.key for found in caught.value.findings] == [
        "identity.issuers[0].issuer",
        "identity.issuers[1].jwks",
    ]


def test_misconfiguration_that_needs_no_asking_is_found_before_the_start(scene: Scene) -> None:
    issuers = [
        Issuer(issuer=ISSUER, audience=AUDIENCE, algorithms=["HS256"]),
        Issuer(issuer="https://two.test", audience=AUDIENCE, jwks="http://two.test/keys"),
        Issuer(issuer="https://three.test", audience=AUDIENCE),
        Issuer(issuer="https://three.test", audience="other"),
    ]
    with pytest.raises(ConfigError) as caught:
        scene.authenticator(*issuers)
    assert [found.key.partition(".")[2] for found in caught.value.findings] == [
        "issuers[0].algorithms",
        "issuers[1].jwks",
        "issuers[3].issuer",
    ]


async def test_a_plugin_is_asked_first_and_at_every_request(start: Make) -> None:
    asked = []

    def plugin(token: str, connection: str) -> Principal | None:
        asked.append((token, connection))
        return Principal("legacy", "team-a") if token == "shared-key" and connection == "docs" else None

    authenticator = await start(plugin=plugin)
    principal = await authenticator.authenticate("shared-key", connection="docs")
    assert principal == Principal("legacy", "team-a")
    assert principal.fingerprint == hashlib.sha256(b"shared-key").hexdigest()[:16]
    assert authenticator.cached("shared-key", "docs") is None
    assert await reason(authenticator, "shared-key", connection="other") is Reason.TOKEN_INVALID
    token = mint(payload())
    for _ in range(2):
        assert (await authenticator.authenticate(token, connection="docs")).issuer == ISSUER
        assert authenticator.cached(token, "docs") is None
    assert asked.count((token, "docs")) == 2


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Refusal(Reason.TOKEN_REVOKED), Reason.TOKEN_REVOKED),
        (RuntimeError("boom"), Reason.GATEWAY_FAILURE),
        ("alice", Reason.GATEWAY_FAILURE),
        (Principal("", "alice"), Reason.GATEWAY_FAILURE),
        (Principal("legacy", ""), Reason.GATEWAY_FAILURE),
        (Principal("legacy", "a", expires=NOW - 61), Reason.TOKEN_EXPIRED),
        (Principal("legacy", "mallory"), Reason.TOKEN_REVOKED),
    ],
)
async def test_a_plugin_that_refuses_or_fails_lets_nobody_in(
    start: Make, scene: Scene, answer: Any, expected: Reason
) -> None:
    scene.revoked.add("mallory")

    def plugin(token: str, connection: str) -> Principal:
        if isinstance(answer, Exception):
            raise answer
        found: Principal = answer
        return found

    assert await reason(await start(plugin=plugin), mint(payload())) is expected


async def test_who_guesses_is_refused_before_any_key_is_used(
    start: Make, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    authenticator, good = await start(), mint(payload())
    await authenticator.authenticate(good, address="192.0.2.1:1")
    for number in range(60):
        assert await reason(authenticator, f"guess-{number}", address="192.0.2.1:1") is Reason.TOKEN_INVALID
    monkeypatch.setattr(tokens.Jwt, "parse", lambda *a: pytest.fail("looked at"))
    fresh = mint(payload(sub="bea"))
    assert await reason(authenticator, fresh, address="192.0.2.1:2") is Reason.TOO_MANY_FAILURES
    assert (await authenticator.authenticate(good, address="192.0.2.1:3")).subject
    monkeypatch.undo()
    assert (await authenticator.authenticate(fresh, address="192.0.2.2:1")).subject == "bea"
    scene.clock.now += 60
    assert (await authenticator.authenticate(fresh, address="192.0.2.1:1")).subject == "bea"


async def test_what_is_no_failure_of_a_credential_counts_for_nobody(start: Make, scene: Scene) -> None:
    scene.origin.replies[DISCOVERY] = httpx.ConnectError("down")
    authenticator = await start()
    for number in range(70):
        with pytest.raises(Unavailable):
            await authenticator.authenticate(mint(payload(sub=f"s{number}")), address="192.0.2.1:1")


INGEST = "spiffe://example.org/ingest"
DIGEST, OTHER = "A" * 43, "B" * 43
BOUND = {"cnf": {"x5t#S256": DIGEST}}


def shown(thumbprint: str = DIGEST, expires: float = NOW + 300) -> Certificate:
    return Certificate(thumbprint, "4d2", expires, (("uri", (INGEST,)),))


async def test_a_bound_token_counts_on_connections_that_prove_its_certificate(start: Make) -> None:
    authenticator, token = await start(), mint(payload(**BOUND))
    principal = await authenticator.authenticate(token, certificate=shown())
    assert principal.expires == NOW + 300
    assert authenticator.cached(token, certificate=shown()) is principal


@pytest.mark.parametrize(
    "other", [None, shown(OTHER), shown(expires=NOW), shown(expires=NOW - 5)], ids=["none", "other", "ends", "ended"]
)
async def test_a_bound_token_counts_nowhere_else_cached_or_not(start: Make, other: Certificate | None) -> None:
    authenticator, token = await start(), mint(payload(**BOUND))
    assert await reason(authenticator, token, certificate=other) is Reason.TOKEN_INVALID
    await authenticator.authenticate(token, certificate=shown())
    assert authenticator.cached(token, certificate=other) is None
    assert await reason(authenticator, token, certificate=other) is Reason.TOKEN_INVALID


async def test_a_bound_tokens_recalled_proof_ends_with_its_certificate(start: Make, scene: Scene) -> None:
    authenticator, token, certificate = await start(), mint(payload(**BOUND)), shown(expires=NOW + 10)
    principal = await authenticator.authenticate(token, certificate=certificate)
    scene.wall.now += 9.9
    assert authenticator.cached(token, certificate=certificate) is principal
    scene.wall.now += 0.1
    assert authenticator.cached(token, certificate=certificate) is None
    assert await reason(authenticator, token, certificate=certificate) is Reason.TOKEN_INVALID
    with pytest.raises(Refusal) as caught:
        authenticator.recheck(principal)
    assert caught.value.reason is Reason.TOKEN_EXPIRED


async def test_a_token_that_is_not_bound_is_the_identity_whatever_the_certificate(start: Make) -> None:
    authenticator, token = await start(), mint(payload())
    principal = await authenticator.authenticate(token, certificate=shown())
    for other in (None, shown(OTHER), shown(expires=NOW - 5)):
        assert authenticator.cached(token, certificate=other) is principal
    assert (principal.issuer, principal.subject, principal.expires) == (ISSUER, "alice", NOW + 660)


HOLDERS = Certificates(issuer="urn:pki", connections=["docs"], name="uri", groups={"jobs": [INGEST]})


def certifying(scene: Scene, **changes: Any) -> Authenticator:
    identity = Identity(certificates=[HOLDERS])
    given: dict[str, Any] = {"revoked": lambda principal: principal.token_id in scene.revoked, "wall": scene.wall}
    return Authenticator(identity, Path(), **given | changes)


def why(authenticator: Authenticator, certificate: Certificate | None, connection: str = "docs") -> Reason:
    with pytest.raises(Refusal) as caught:
        authenticator.certified(certificate, connection)
    return caught.value.reason


def test_a_certificate_is_the_identity_where_configuration_says_so(scene: Scene) -> None:
    authenticator = certifying(scene)
    principal = authenticator.certified(shown(), "docs")
    assert principal.key == f"urn:pki {INGEST}"
    assert principal.groups == {"jobs"}
    assert authenticator.certified(shown(), "docs") is principal
    assert why(authenticator, shown(), "other") is Reason.TOKEN_MISSING
    assert why(authenticator, None) is Reason.TOKEN_MISSING


def test_a_certificate_is_looked_at_again_for_every_request(scene: Scene) -> None:
    authenticator = certifying(scene)
    principal = authenticator.certified(shown(expires=NOW + 10), "docs")
    scene.revoked.add("4d2")
    assert why(authenticator, shown(expires=NOW + 10)) is Reason.TOKEN_REVOKED
    scene.revoked.clear()
    scene.wall.now += 10
    assert why(authenticator, shown(expires=NOW + 10)) is Reason.TOKEN_EXPIRED
    with pytest.raises(Refusal):
        authenticator.recheck(principal)


def test_a_revocation_list_that_fails_lets_no_certificate_in(scene: Scene) -> None:
    def broken(principal: Principal) -> bool:
        raise Unavailable(Reason.STATE_UNAVAILABLE)

    assert why(certifying(scene, revoked=broken), shown()) is Reason.STATE_UNAVAILABLE


class Told(Directory):
    def __init__(self, *groups: str) -> None:
        self.said: Collection[str] | None = groups
        self.asked: list[Principal] = []

    def groups(self, principal: Principal) -> Collection[str] | None:
        self.asked.append(principal)
        return self.said


OVERAGE = {
    "distributed": {"_claim_names": {"groups": "s"}, "_claim_sources": {"s": {"endpoint": "https://evil.test/g"}}},
    "distributed beside some": {"groups": ["x"], "_claim_names": {"groups": "s"}},
    "hasgroups": {"hasgroups": True},
    "hasgroups as text": {"hasgroups": "true"},
    "malformed": {"_claim_names": "groups"},
}


def with_directory(scene: Scene, directory: Directory, cache: float = 60) -> dict[str, Membership]:
    return {ISSUER: Membership(directory, cache, 3, scene.clock)}


@pytest.mark.parametrize("overage", [{}, *OVERAGE.values()], ids=["no groups", *OVERAGE])
async def test_groups_that_a_token_leaves_out_are_the_directorys(
    start: Make, scene: Scene, overage: dict[str, Any]
) -> None:
    directory = Told("owners")
    authenticator = await start(memberships=with_directory(scene, directory))
    before = scene.origin.requests.copy()
    token = mint(payload(**{"groups": None} | overage))
    principal = await authenticator.authenticate(token)
    assert principal.groups == {"owners"}
    assert authenticator.cached(token) is principal
    assert directory.asked == [principal]
    assert directory.asked[0].groups == frozenset()
    assert scene.origin.requests - before == {}


@pytest.mark.parametrize("groups", [["eng"], "eng", []], ids=str)
async def test_groups_that_a_token_says_count_and_nobody_is_asked(
    start: Make, scene: Scene, groups: list[str] | str
) -> None:
    directory = Told("owners")
    authenticator = await start(memberships=with_directory(scene, directory))
    principal = await authenticator.authenticate(mint(payload(groups=groups)))
    assert principal.groups == ({"eng"} if groups else frozenset())
    assert directory.asked == []


@pytest.mark.parametrize("overage", OVERAGE.values(), ids=OVERAGE)
async def test_groups_that_nobody_knows_are_refused_and_not_none(
    start: Make, scene: Scene, overage: dict[str, Any]
) -> None:
    directory = Told()
    directory.said = None
    with_one = await start(memberships=with_directory(scene, directory))
    without = await start()
    for authenticator in (with_one, without):
        assert await reason(authenticator, mint(payload(**{"groups": None} | overage))) is Reason.GROUP_OVERAGE
    assert (await with_one.authenticate(mint(payload(groups=None)))).groups == frozenset()


async def test_malformed_groups_are_refused_whatever_a_directory_says(start: Make, scene: Scene) -> None:
    authenticator = await start(memberships=with_directory(scene, Told("owners")))
    assert await reason(authenticator, mint(payload(groups=[1]))) is Reason.TOKEN_INVALID


async def test_a_recalled_proof_ends_with_what_the_directory_said(start: Make, scene: Scene) -> None:
    directory, token = Told("owners"), mint(payload(groups=None))
    authenticator = await start(memberships=with_directory(scene, directory))
    principal = await authenticator.authenticate(token)
    directory.said = ["guests"]
    scene.clock.now += 59
    assert authenticator.cached(token) is principal
    other = mint(payload(groups=None, exp=int(NOW) + 300))
    assert (await authenticator.authenticate(other)).groups == {"owners"}
    scene.clock.now += 1
    assert authenticator.cached(token) is None
    assert authenticator.cached(other) is None
    assert (await authenticator.authenticate(token)).groups == {"guests"}


async def test_a_directory_that_fails_lets_nobody_in_and_nothing_is_remembered(start: Make, scene: Scene) -> None:
    class Broken(Told):
        def groups(self, principal: Principal) -> Collection[str] | None:
            if self.said is None:
                raise DirectoryError("down")
            return self.said

    directory, token = Broken(), mint(payload(groups=None))
    directory.said = None
    authenticator = await start(memberships=with_directory(scene, directory))
    for number in range(70):
        assert await reason(authenticator, token, address=f"192.0.2.1:{number}") is Reason.IDENTITY_UNAVAILABLE
    assert authenticator.cached(token) is None
    directory.said = ["owners"]
    assert (await authenticator.authenticate(token, address="192.0.2.1:1")).groups == {"owners"}


async def test_a_directory_is_asked_of_its_own_issuers_people_alone(start: Make, scene: Scene, tmp_path: Path) -> None:
    directory = Told("owners")
    jwks_file(tmp_path / "two.json", ec("two"))
    two = Issuer(issuer="https://two.test", audience=AUDIENCE, jwks="file:two.json")
    authenticator = await start(
        Issuer(issuer=ISSUER, audience=AUDIENCE), two, base=tmp_path, memberships=with_directory(scene, directory)
    )
    principal = await authenticator.authenticate(mint(payload(iss="https://two.test", groups=None), ec("two")))
    assert (principal.groups, directory.asked) == (frozenset(), [])


async def test_a_token_that_proves_nothing_is_no_reason_to_ask(start: Make, scene: Scene) -> None:
    directory = Told("owners")
    authenticator = await start(memberships=with_directory(scene, directory))
    for changes in ({"exp": NOW - 61}, {"aud": "other"}, {"cnf": {"jkt": "x"}}):
        await reason(authenticator, mint(payload(groups=None, **changes)))
    await reason(authenticator, mint(payload(groups=None), ec("attacker"), kid="ec"))
    assert directory.asked == []
