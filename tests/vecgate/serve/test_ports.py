from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.certificates import Authority
from tests.support.pipeline import POLICY, write_config

from vecgate.config.load import Loaded, load
from vecgate.serve.ports import MARGIN, body_size_limit, listeners_of, patience


def loaded(folder: Path, *changes: tuple[str, str], policy: str = POLICY) -> Loaded:
    path, port = write_config(folder, 8000, policy)
    text = path.read_text().replace(f"listen: 127.0.0.1:{port}", "listen: 127.0.0.1:6010")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    path.write_text(text)
    return load(path)


@pytest.mark.parametrize(
    ("upstream", "scheme", "port", "mode"),
    [
        ("http://127.0.0.1:8000", "http", 8000, "reverse:http://127.0.0.1:8000@127.0.0.1:6010"),
        ("http://127.0.0.1/prefix", "http", 80, "reverse:http://127.0.0.1:80@127.0.0.1:6010"),
        ("https://db.example", "https", 443, "reverse:https://db.example:443@127.0.0.1:6010"),
        ("https://[::1]:9000", "https", 9000, "reverse:https://[::1]:9000@127.0.0.1:6010"),
        ("h2c://127.0.0.1:9", "h2c", 9, "reverse:http://127.0.0.1:9@127.0.0.1:6010"),
    ],
)
def test_a_listener_goes_where_its_connection_says(
    upstream: str, scheme: str, port: int, mode: str, tmp_path: Path
) -> None:
    (listener,) = listeners_of(loaded(tmp_path, ("http://127.0.0.1:8000", upstream)))
    assert (listener.name, listener.host, listener.port) == ("docs", "127.0.0.1", 6010)
    assert (listener.upstream.scheme, listener.upstream.port) == (scheme, port)
    assert (listener.upstream.tls is not None) is (scheme == "https")
    assert listener.mode == mode
    assert listener.tls is None


def test_a_listeners_bounds_are_its_connections(tmp_path: Path) -> None:
    bounds = "bounds: {headers: 8KiB, body: 1MiB, answer: 2MiB, body_time: 5s}\n    dialect: chroma"
    config = loaded(tmp_path, ("dialect: chroma", bounds))
    (listener,) = listeners_of(config)
    found = listener.bounds
    assert (found.headers, found.body, found.answer, found.body_time) == (8192, 1 << 20, 2 << 20, 5.0)
    assert body_size_limit(config.config) == 2 << 20


def test_with_a_certificate_a_listener_speaks_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "a")
    made = authority.issue("server", "127.0.0.1")
    tls = f"{{certificate: {made.certificate}, key: {made.key}, client_ca: {authority.certificate}}}"
    files = f"tls: {tls}\n    dialect: chroma"
    (listener,) = listeners_of(loaded(tmp_path, ("dialect: chroma", files)))
    assert listener.tls is not None


def test_a_certificate_that_cannot_be_used_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "bad.pem").write_text("no certificate")
    files = "tls: {certificate: bad.pem, key: bad.pem}\n    dialect: chroma"
    with pytest.raises(ValueError, match=r"bad\.pem"):
        list(listeners_of(loaded(tmp_path, ("dialect: chroma", files))))


@pytest.mark.parametrize(("holds", "longest"), [([], 0), (["20s"], 20), (["20s", "10m"], 600)])
def test_an_idle_connection_outlasts_the_longest_hold(holds: list[str], longest: int, tmp_path: Path) -> None:
    rule = "    - {{name: r{0}, on: {{actions: [delete]}}, reviewers: {{groups: [a]}}, hold: {0}}}\n"
    policy = POLICY + "".join(["  approvals:\n", *map(rule.format, holds)] if holds else [])
    assert patience(loaded(tmp_path, policy=policy).config) == longest + MARGIN
