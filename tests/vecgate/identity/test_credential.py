"""Exactly one credential, in its place."""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.tokens import headers

from vecgate.errors import Refusal
from vecgate.identity.credential import MAX_TOKEN, credential_headers, extract
from vecgate.operations.dialect import CredentialHeader
from vecgate.reasons import Reason

T = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln"
CHROMA = CredentialHeader("x-chroma-token")
QDRANT = CredentialHeader("api-key")
MILVUS = CredentialHeader("authorization", base64=True)
WEAVIATE = CredentialHeader("authorization")
WRAPPED = base64.b64encode(T.encode()).decode()


@pytest.mark.parametrize(
    ("header", "name", "value"),
    [
        (CHROMA, "Authorization", f"Bearer {T}"),
        (CHROMA, "authorization", f"bEARER   {T} "),
        (CHROMA, "X-Chroma-Token", T),
        (QDRANT, "api-key", T),
        (CredentialHeader("Api-Key"), "API-KEY", T),
        (MILVUS, "authorization", WRAPPED),
        (MILVUS, "Authorization", f"Bearer {T}"),
        (WEAVIATE, "authorization", f"Bearer {T}"),
    ],
)
def test_a_credential_in_its_place_is_found(header: CredentialHeader, name: str, value: str) -> None:
    assert extract(headers(("accept", "*/*"), (name, value)), ["limit"], header) == T


def test_no_credential_is_none_and_cookies_never_count() -> None:
    assert extract(headers(("cookie", f"token={T}; access_token={T}")), ["limit", "offset"], CHROMA) is None


BEARER = ("authorization", f"Bearer {T}")


@pytest.mark.parametrize(
    "pairs",
    [
        [BEARER, BEARER],
        [BEARER, ("Authorization", "Bearer other")],
        [BEARER, ("x-chroma-token", T)],
        [BEARER, ("api-key", "")],
        [("x-chroma-token", T), ("X-Chroma-Token", T)],
        [("api-key", T)],
        [("Api-Key", T)],
        [("x-api-key", T)],
        [("proxy-authorization", f"Bearer {T}")],
        [("es-secondary-authorization", f"Bearer {T}")],
    ],
)
def test_a_second_credential_or_another_engines_header_is_ambiguous(pairs: list[tuple[str, str]]) -> None:
    with pytest.raises(Refusal) as caught:
        extract(headers(*pairs), [], CHROMA)
    assert caught.value.reason is Reason.CREDENTIAL_AMBIGUOUS
    assert T not in str(caught.value)


@pytest.mark.parametrize(
    "name",
    ["access_token", "Access_Token", "token", "api_key", "api-key", "apiKey", "jwt", "X-Chroma-Token", "authorization"],
)
@pytest.mark.parametrize("pairs", [[], [BEARER]])
def test_a_credential_in_the_query_is_refused(name: str, pairs: list[tuple[str, str]]) -> None:
    with pytest.raises(Refusal) as caught:
        extract(headers(*pairs), ["limit", name], CHROMA)
    assert caught.value.reason is Reason.CREDENTIAL_AMBIGUOUS


@pytest.mark.parametrize(
    ("header", "name", "value"),
    [
        (CHROMA, "authorization", "Basic cm9vdDpNaWx2dXM="),
        (CHROMA, "authorization", T),
        (CHROMA, "authorization", ""),
        (CHROMA, "authorization", "Bearer"),
        (CHROMA, "authorization", "Bearer "),
        (CHROMA, "authorization", f"Bearer {T} {T}"),
        (CHROMA, "authorization", f"Bearer {T}, Bearer {T}"),
        (CHROMA, "authorization", f"Bearer\t{T}"),
        (CHROMA, "authorization", f"Bearer {T}\x00"),
        (CHROMA, "authorization", f"Bearer {T}é"),
        (CHROMA, "x-chroma-token", f"Bearer {T}"),
        (CHROMA, "x-chroma-token", ""),
        (WEAVIATE, "authorization", T),
        (MILVUS, "authorization", T),
        (MILVUS, "authorization", WRAPPED.rstrip("=") + "!"),
        (MILVUS, "authorization", base64.b64encode(b"a b").decode()),
        (MILVUS, "authorization", "YR=="),
        (MILVUS, "authorization", ""),
    ],
)
def test_another_scheme_or_malformed_bytes_are_an_invalid_token(
    header: CredentialHeader, name: str, value: str
) -> None:
    with pytest.raises(Refusal) as caught:
        extract(headers((name, value)), [], header)
    assert caught.value.reason is Reason.TOKEN_INVALID


@pytest.mark.parametrize(
    ("header", "name", "value"),
    [
        (CHROMA, "authorization", "Bearer " + "a" * 70_000),
        (CHROMA, "x-chroma-token", "a" * (MAX_TOKEN + 1)),
        (MILVUS, "authorization", base64.b64encode(b"a" * 70_000).decode()),
    ],
)
def test_a_huge_credential_is_refused_before_it_is_decoded(
    header: CredentialHeader, name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base64, "b64decode", lambda *a, **k: pytest.fail("decoded"))
    with pytest.raises(Refusal) as caught:
        extract(headers((name, value)), [], header)
    assert caught.value.reason is Reason.TOKEN_INVALID


def test_a_credential_of_the_largest_size_passes() -> None:
    token = "a" * MAX_TOKEN
    wrapped = base64.b64encode(token.encode()).decode()
    assert extract(headers(("authorization", f"Bearer {token}")), [], CHROMA) == token
    assert extract(headers(("authorization", wrapped)), [], MILVUS) == token


def test_every_header_that_may_hold_a_credential_is_stripped() -> None:
    assert {"authorization", "api-key", "x-chroma-token", "x-api-key", "cookie"} <= credential_headers()
    assert "x-own" in credential_headers(CredentialHeader("X-Own"))


names = st.sampled_from(
    ["authorization", "Authorization", "x-chroma-token", "api-key", "X-API-Key", "cookie", "accept"]
)
values = st.one_of(st.just(f"Bearer {T}"), st.just(T), st.text(max_size=30)).map(lambda text: text.encode())
fields = st.lists(st.tuples(names.map(str.encode), values | st.binary(max_size=40)), max_size=5)


@given(fields, st.lists(st.text(max_size=12), max_size=3), st.sampled_from([CHROMA, QDRANT, MILVUS, WEAVIATE]))
def test_whatever_comes_extract_returns_one_visible_token_or_refuses(
    pairs: list[tuple[bytes, bytes]], query: list[str], header: CredentialHeader
) -> None:
    carriers = credential_headers(header) - {"cookie"}
    carrying = [value for name, value in pairs if name.decode().lower() in carriers]
    found = attempt(pairs, query, header)
    if isinstance(found, Refusal):
        assert found.reason in (Reason.CREDENTIAL_AMBIGUOUS, Reason.TOKEN_INVALID)
    elif found is None:
        assert not carrying
    else:
        assert len(carrying) == 1
        assert re.fullmatch(r"[!-~]+", found)
        assert found.encode() in carrying[0] or base64.b64encode(found.encode()) == carrying[0].strip(b" \t")


@given(st.binary(max_size=200), st.sampled_from([CHROMA, MILVUS]))
def test_a_refusal_never_quotes_the_credential(value: bytes, header: CredentialHeader) -> None:
    secret = b"s3cr3t" + value
    found = attempt([(header.name.encode(), secret)], [], header)
    if isinstance(found, Refusal):
        assert "s3cr3t" not in f"{found}{found!r}{found.headers}"


def attempt(pairs: list[tuple[bytes, bytes]], query: list[str], header: CredentialHeader) -> str | Refusal | None:
    try:
        return extract(pairs, query, header)
    except Refusal as refusal:
        return refusal
