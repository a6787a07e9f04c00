from __future__ import annotations

import pytest
from mitmproxy import http
from tests.support.stages import ANNA, Scene, flow, reason

from vecgate.exchange import Exchange
from vecgate.identity.certificate import Certificate
from vecgate.identity.principal import Principal
from vecgate.stages.identify import Identify

BEARER = (b"authorization", b"Bearer token")


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def identified(scene: Scene, one: http.HTTPFlow, *fields: tuple[bytes, bytes]) -> Exchange:
    exchange = scene.begun(one, "sanitize", fields=fields)
    if (pending := Identify(scene.context).requestheaders(one)) is not None:
        await pending
    return exchange


@pytest.mark.parametrize("field", [BEARER, (b"x-chroma-token", b"token")])
async def test_one_credential_becomes_a_principal(scene: Scene, field: tuple[bytes, bytes]) -> None:
    exchange = await identified(scene, flow(), field)
    assert exchange.principal is ANNA
    assert exchange.passed == ["sanitize", "identify"]


async def test_a_credential_that_is_known_needs_no_waiting(scene: Scene) -> None:
    scene.authenticator.known = {"token": ANNA}
    one = flow()
    exchange = scene.begun(one, fields=(BEARER,))
    assert Identify(scene.context).requestheaders(one) is None
    assert exchange.principal is ANNA


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([], "token_missing"),
        ([(b"authorization", b"Bearer other")], "token_invalid"),
        ([BEARER, BEARER], "credential_ambiguous"),
        ([BEARER, (b"x-chroma-token", b"token")], "credential_ambiguous"),
        ([(b"api-key", b"token")], "credential_ambiguous"),
    ],
)
async def test_anything_else_is_refused(scene: Scene, fields: list[tuple[bytes, bytes]], expected: str) -> None:
    one = flow()
    exchange = await identified(scene, one, *fields)
    assert reason(one) == expected
    assert exchange.principal is None
    assert exchange.passed == ["sanitize"]


async def test_a_refusal_says_how_to_authenticate(scene: Scene) -> None:
    one = flow()
    await identified(scene, one)
    assert one.response is not None
    assert one.response.status_code == 401
    assert one.response.headers["www-authenticate"].startswith('Bearer error="token_missing"')


@pytest.mark.parametrize(
    ("method", "path", "public"),
    [
        ("GET", "/api/v2/heartbeat", True),
        ("GET", "/api/v2/version", True),
        ("POST", "/api/v2/heartbeat", False),
        ("GET", "/api/v2/heartbeat?x=1", False),
        ("GET", "/api/v2/tenants", False),
    ],
)
async def test_only_exactly_the_public_routes_need_no_credential(
    scene: Scene, method: str, path: str, public: bool
) -> None:
    one = flow(method, path, b"")
    exchange = await identified(scene, one)
    assert exchange.public is public
    assert (one.response is None) is public


async def test_the_credential_is_let_go_of(scene: Scene) -> None:
    exchange = await identified(scene, flow(), BEARER)
    assert exchange.fields == ()


async def test_the_cause_of_an_unknown_failure_is_not_told(scene: Scene) -> None:
    scene.authenticator.provable = None  # type: ignore[assignment]  # so that it fails
    one = flow()
    await identified(scene, one, BEARER)
    assert reason(one) == "gateway_failure"


CERTIFICATE = Certificate("A" * 43, "1", 9e9, ())
HOLDER = Principal("urn:pki", "spiffe://example.org/ingest")


@pytest.mark.parametrize(
    ("fields", "expected"), [([], HOLDER), ([BEARER], ANNA)], ids=["no token", "a token is the identity"]
)
async def test_a_certificate_is_the_identity_where_no_token_is_sent(
    scene: Scene, fields: list[tuple[bytes, bytes]], expected: Principal
) -> None:
    scene.authenticator.holders = {"docs": HOLDER}
    one = flow()
    exchange = scene.begun(one, "sanitize", fields=tuple(fields), certificate=CERTIFICATE)
    if (pending := Identify(scene.context).requestheaders(one)) is not None:
        await pending
    assert exchange.principal is expected


async def test_a_token_that_fails_is_not_made_good_by_a_certificate(scene: Scene) -> None:
    scene.authenticator.holders = {"docs": HOLDER}
    one = flow()
    exchange = scene.begun(one, "sanitize", fields=((b"authorization", b"Bearer x"),), certificate=CERTIFICATE)
    if (pending := Identify(scene.context).requestheaders(one)) is not None:
        await pending
    assert (reason(one), exchange.principal) == ("token_invalid", None)


async def test_a_certificate_that_nothing_takes_is_no_credential(scene: Scene) -> None:
    one = flow()
    scene.begun(one, "sanitize", certificate=CERTIFICATE)
    assert Identify(scene.context).requestheaders(one) is None
    assert reason(one) == "token_missing"


METADATA = "/.well-known/oauth-protected-resource"


async def test_a_listener_says_whose_tokens_it_takes_before_anybody_is_asked(scene: Scene) -> None:
    one = flow("GET", METADATA, b"")
    exchange = await identified(scene, one)
    assert one.response is not None
    assert (one.response.status_code, one.response.headers["content-type"]) == (200, "application/json")
    assert b'"resource":"https://gw.test"' in (one.response.content or b"")
    assert (exchange.principal, exchange.answer_seal is not None, exchange.request_seal) == (None, True, None)


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", METADATA, "method_not_allowed"),
        ("DELETE", METADATA, "method_not_allowed"),
        ("GET", f"{METADATA}?x=1", "token_missing"),
        ("GET", f"{METADATA}/docs", "token_missing"),
        ("GET", "/.well-known/openid-configuration", "token_missing"),
    ],
)
async def test_that_route_is_exact(scene: Scene, method: str, path: str, expected: str) -> None:
    one = flow(method, path, b"")
    await identified(scene, one)
    assert reason(one) == expected


async def test_where_nobody_knows_the_listeners_name_the_route_is_like_any_other(scene: Scene) -> None:
    object.__setattr__(scene.upstream, "resource", None)
    one = flow("GET", METADATA, b"")
    await identified(scene, one)
    assert reason(one) == "token_missing"
    assert one.response is not None
    assert "resource_metadata" not in one.response.headers["www-authenticate"]


@pytest.mark.parametrize("by", ["token", "certificate"])
async def test_whoever_was_revoked_is_refused_and_on_record(scene: Scene, by: str) -> None:
    scene.authenticator.left = {ANNA.subject}
    scene.authenticator.holders = {"docs": ANNA}
    one = flow()
    exchange = scene.begun(one, "sanitize", fields=(BEARER,) if by == "token" else (), certificate=CERTIFICATE)
    if (pending := Identify(scene.context).requestheaders(one)) is not None:
        await pending
    assert reason(one) == "token_revoked"
    assert exchange.principal is ANNA
    assert exchange.passed == ["sanitize"]
