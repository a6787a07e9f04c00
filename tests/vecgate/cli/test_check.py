"""`vecgate check`: exit 0 valid, 1 advice with --strict, 2 not valid."""

from __future__ import annotations

from pathlib import Path

from tests.support.cli import run
from tests.support.configs import HEAD, write

IDENTITY = "identity: {issuers: [{issuer: 'https://i/', audience: v}]}\n"


def test_a_valid_configuration_is_counted(tmp_path: Path) -> None:
    config = write(tmp_path, HEAD + IDENTITY + "policy: {limits: [{name: a, points: 1/day}]}")

    assert run("check", "-c", config) == (
        0,
        f"{config} is valid: 1 connection, 0 grants, 0 masks, 1 limit, 0 approvals, 0 warnings\n",
        "",
    )


def test_advice_is_shown_and_only_strict_makes_it_a_negative_answer(tmp_path: Path) -> None:
    config = write(tmp_path, HEAD)
    line = f"{config}:1:1: identity: no issuer is configured: only a plugin can tell who somebody is [no-issuers]"

    code, out, _ = run("check", "-c", config)
    assert (code, out.splitlines()[0]) == (0, line)
    assert run("check", "-c", config, "--strict").code == 1


def test_mistakes_go_to_standard_error(tmp_path: Path) -> None:
    config = write(tmp_path, HEAD + "polcy: {}\nstat: {}")

    code, out, err = run("check", "-c", config)

    assert (code, out) == (2, "")
    assert err.splitlines() == [
        f"{config}:4:1: polcy: unknown key; did you mean policy?",
        f"{config}:5:1: stat: unknown key; did you mean state?",
    ]


def test_json_is_one_document_with_places(tmp_path: Path) -> None:
    good, broken = write(tmp_path, HEAD, "good.yaml"), write(tmp_path, HEAD + "polcy: {}", "broken.yaml")

    assert run("check", "-c", good, "--json").document == {
        "valid": True,
        "errors": [],
        "warnings": [
            {
                "code": "no-issuers",
                "file": str(good),
                "line": 1,
                "column": 1,
                "key": "identity",
                "message": "no issuer is configured: only a plugin can tell who somebody is",
            }
        ],
    }
    ran = run("check", "-c", broken, "--json")
    assert ran.code == 2
    assert ran.document == {
        "valid": False,
        "errors": [
            {
                "file": str(broken),
                "line": 4,
                "column": 1,
                "key": "polcy",
                "message": "unknown key; did you mean policy?",
            }
        ],
        "warnings": [],
    }


def test_what_stands_in_the_file_does_not_steer_a_terminal(tmp_path: Path) -> None:
    config = write(tmp_path, HEAD + '"\\e[2Jp\\u202eolicy": {}')
    ran = run("check", "-c", config)

    assert "\x1b" not in ran.err
    assert "\u202e" not in ran.err
    assert "\\x1b[2Jp\\u202eolicy: unknown key" in ran.err


def test_a_file_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    assert run("check", "-c", tmp_path / "none.yaml") == (
        2,
        "",
        f"{tmp_path}/none.yaml: cannot be read: No such file or directory\n",
    )
