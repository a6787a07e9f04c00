"""Addresses mean what they say, and the gateway never stands in front of itself."""

from __future__ import annotations

import pytest

from vecgate.config.addresses import Address, UpstreamAddress


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:6010", "127.0.0.1", 6010),
        ("[::1]:0", "::1", 0),
        ("Gateway.Example:443", "gateway.example", 443),
    ],
)
def test_an_address_is_a_host_and_a_port(text: str, host: str, port: int) -> None:
    assert Address.parse(text) == Address(host, port)


@pytest.mark.parametrize(
    "text", ["", "127.0.0.1", ":80", "a b:80", "::1:80", "[x]:80", "127.0.0.1:٨٠", "a:80\n", "1.2.3:80", "-a:80"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"write address:port|is no IP address"):
        Address.parse(text)


@pytest.mark.parametrize(
    ("one", "other", "collide"),
    [
        ("127.0.0.1:80", "127.0.0.1:80", True),
        ("127.0.0.1:80", "localhost:80", True),
        ("0.0.0.0:80", "127.0.0.1:80", True),
        ("127.0.0.1:80", "[::]:80", True),
        ("127.0.0.1:80", "127.0.0.2:80", False),
        ("127.0.0.1:80", "127.0.0.1:81", False),
        ("127.0.0.1:0", "127.0.0.1:0", False),
    ],
)
def test_two_listeners_cannot_share_an_address(one: str, other: str, collide: bool) -> None:
    assert Address.parse(one).collides(Address.parse(other)) is collide
    assert Address.parse(other).collides(Address.parse(one)) is collide


@pytest.mark.parametrize(
    ("upstream", "listener", "reaches"),
    [
        ("127.0.0.1:80", "127.0.0.1:80", True),
        ("localhost:80", "127.0.0.1:80", True),
        ("127.0.0.1:80", "0.0.0.0:80", True),
        ("db.example:80", "0.0.0.0:80", False),
        ("10.0.0.1:80", "10.0.0.1:80", True),
        ("127.0.0.1:81", "127.0.0.1:80", False),
    ],
)
def test_an_upstream_that_is_a_listener_is_noticed(upstream: str, listener: str, reaches: bool) -> None:
    assert Address.parse(upstream).reaches(Address.parse(listener)) is reaches


@pytest.mark.parametrize(
    ("text", "upstream"),
    [
        ("http://127.0.0.1:8000", UpstreamAddress("http", Address("127.0.0.1", 8000), "")),
        ("http://db/", UpstreamAddress("http", Address("db", 80), "")),
        ("https://db.example/a/b/", UpstreamAddress("https", Address("db.example", 443), "/a/b")),
        ("h2c://[::1]:19530", UpstreamAddress("h2c", Address("::1", 19530), "")),
    ],
)
def test_an_upstream_has_a_scheme_an_address_and_a_prefix(text: str, upstream: UpstreamAddress) -> None:
    assert UpstreamAddress.parse(text) == upstream


@pytest.mark.parametrize(
    "text",
    ["", "db", "HTTP://db", "http:/db", "http:///db", "http://", "http://a@b", "http://a//b", "http://a/./b",
     "http://a/b;c", "http://a#b", "http://a?b", "http://a\\b", "ftp://a", "http://a:b", "http://a/\n"],
)  # fmt: skip
def test_what_is_no_upstream_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"write|belong|query|dot segment|IP"):
        UpstreamAddress.parse(text)
