"""References become secrets; secrets never become messages."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path

import pytest

from vecgate.errors import ConfigError, SecretError
from vecgate.secrets.resolve import resolve

SECRET = "s3cr3t-canary"


def vault(reference: str) -> str | None:
    return SECRET if reference == "vault:kv/data/chroma#token" else None


def test_an_environment_variable_is_taken_as_it_stands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VECGATE_TEST", f" {SECRET}\n")
    assert resolve("env:VECGATE_TEST", tmp_path) == f" {SECRET}\n"


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (SECRET, SECRET),
        (f"{SECRET}\n", SECRET),
        (f"{SECRET}\r\n", SECRET),
        (f"{SECRET}\n\n", f"{SECRET}\n"),
        (" pässword ", " pässword "),
    ],
)
@pytest.mark.parametrize("absolute", [True, False])
def test_a_file_loses_its_last_newline_only(tmp_path: Path, content: str, value: str, absolute: bool) -> None:
    (tmp_path / "key").write_bytes(content.encode())
    assert resolve(f"file:{tmp_path / 'key'}" if absolute else "file:key", tmp_path) == value


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o640, True), (0o604, True)])
def test_a_file_that_others_can_read_is_a_warning_not_a_refusal(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, mode: int, warned: bool
) -> None:
    (tmp_path / "key").write_text(SECRET)
    (tmp_path / "key").chmod(mode)
    with caplog.at_level(logging.WARNING):
        assert resolve("file:key", tmp_path, key="connections[0].credential.value") == SECRET
    assert bool(caplog.messages) is warned
    assert SECRET not in caplog.text
    assert all(message.startswith("connections[0].credential.value: ") for message in caplog.messages)


def test_other_schemes_are_a_plugins(tmp_path: Path) -> None:
    assert resolve("vault:kv/data/chroma#token", tmp_path, vault) == SECRET


def fails(reference: str) -> str | None:
    raise RuntimeError(f"cannot log in with {SECRET}")


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        (SECRET, "write env:NAME, file:PATH"),
        (f"root:{SECRET}", "write env:NAME, file:PATH"),
        (f"Bearer {SECRET}", "write env:NAME, file:PATH"),
        ("", "write env:NAME, file:PATH"),
        (f"env:{SECRET}", "name of a variable"),
        ("env:", "name of a variable"),
        ("env:VECGATE_ABSENT", "no variable VECGATE_ABSENT"),
        ("env:VECGATE_EMPTY", "empty"),
        ("file:absent", "No such file"),
        ("file:", "Is a directory"),
        ("file:a\x00b", "followed by a path"),
        ("file:binary", "not a text"),
        ("file:nul", "not a text"),
        ("file:large", "at most"),
        ("file:newline", "empty"),
        ("vault:other", "write env:NAME, file:PATH"),
    ],
)
def test_what_is_no_reference_says_what_to_write_and_shows_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reference: str, says: str
) -> None:
    monkeypatch.setenv("VECGATE_EMPTY", "")
    (tmp_path / "binary").write_bytes(SECRET.encode() + b"\xff")
    (tmp_path / "nul").write_bytes(SECRET.encode() + b"\x00")
    (tmp_path / "large").write_bytes(b"a" * (1024 * 1024 + 1))
    (tmp_path / "newline").write_bytes(b"\n")
    with pytest.raises(ConfigError) as caught:
        resolve(reference, tmp_path, vault, key="connections[0].credential.value")
    assert says in str(caught.value)
    assert caught.value.findings[0].key == "connections[0].credential.value"
    assert shows_nothing(caught.value)


def test_a_plugin_that_fails_is_named_by_its_scheme_and_not_quoted(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"vault:… \(RuntimeError\)") as caught:
        resolve("vault:kv/x", tmp_path, fails)
    assert shows_nothing(caught.value)


def test_a_store_may_say_in_words_of_its_own_what_is_wrong(tmp_path: Path) -> None:
    def store(reference: str) -> str | None:
        raise SecretError("there is no such secret")

    with pytest.raises(ConfigError, match="vault:… there is no such secret"):
        resolve("vault:kv/x", tmp_path, store)


def test_a_plugin_is_not_shown_what_looks_like_a_secret(tmp_path: Path) -> None:
    asked: list[str] = []

    def hook(reference: str) -> None:
        asked.append(reference)

    for reference in (SECRET, f"{SECRET} with spaces", "aGVsbG8="):
        with pytest.raises(ConfigError):
            resolve(reference, tmp_path, hook)
    assert not asked


def shows_nothing(error: BaseException) -> bool:
    """Neither the message nor anything in the chain of causes, which a debugger or a log may print."""
    seen: BaseException | None = error
    while seen is not None:
        if SECRET in f"{seen}{seen!r}{vars(seen)}":
            return False
        seen = seen.__cause__ or seen.__context__
    return SECRET not in "".join(traceback.format_exception_only(error))
