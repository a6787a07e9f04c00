"""`vecgate policy test`: exit 0 all pass, 1 some fail, 2 some could not be judged."""

from __future__ import annotations

from pathlib import Path

from tests.support.cli import run
from tests.support.configs import HEAD, write

POLICY = "policy: {grants: [{name: all, allow: [meta, read]}]}\n"
CASE = "  - {{name: {name}, as: {{iss: i, sub: u}}, request: {{path: {path}}}, expect: {{verdict: {verdict}}}}}\n"
TENANT = "/api/v2/tenants/t00"


def cases(
    folder: Path, *expected: tuple[str, str, str], head: str = "config: vecgate.yaml\n", name: str = "c.yaml"
) -> Path:
    text = head + "cases:\n"
    for case, path, verdict in expected:
        text += CASE.format(name=case, path=path, verdict=verdict)
    return write(folder, text, name)


def test_every_case_is_reported_with_its_line_and_the_counts_without_zeros(tmp_path: Path) -> None:
    write(tmp_path, HEAD + POLICY)
    file = cases(tmp_path, ("good", TENANT, "allow"), ("wrong", TENANT, "deny"))

    assert run("policy", "test", file) == (
        1,
        (
            f"{file}:3: PASS: good\n"
            f"{file}:4: FAIL: wrong\n"
            '  verdict: expected "deny", got "allow"\n'
            f"{'-' * 40}\n"
            "PASS: 1/2\n"
            "FAIL: 1/2\n"
        ),
        "",
    )


def test_all_files_are_judged_against_their_own_configuration_or_the_given_one(tmp_path: Path) -> None:
    write(tmp_path, HEAD + POLICY)
    other = write(tmp_path, HEAD, "other.yaml")
    one = cases(tmp_path, ("a", TENANT, "allow"))
    two = cases(tmp_path, ("b", TENANT, "deny"), head="config: ../other.yaml\n", name="sub/c.yaml")

    assert run("policy", "test", one, two).code == 0
    assert run("policy", "test", one, two, "-c", other).code == 1


def test_a_case_that_cannot_be_judged_exits_2_even_beside_a_failure(tmp_path: Path) -> None:
    write(tmp_path, HEAD + POLICY)
    file = cases(tmp_path, ("wrong", TENANT, "deny"))
    file.write_text(file.read_text() + CASE.format(name="odd", path="/", verdict="deny").replace("sub: u", "sub: ''"))
    ran = run("policy", "test", file, "--json")

    assert ran.code == 2
    assert ran.document == {
        "results": [
            {
                "file": str(file),
                "line": 3,
                "name": "wrong",
                "outcome": "FAIL",
                "differences": ['verdict: expected "deny", got "allow"'],
            },
            {"file": str(file), "line": 4, "name": "odd", "outcome": "ERROR", "differences": ["sub is missing"]},
        ],
        "counts": {"PASS": 0, "FAIL": 1, "ERROR": 1},
    }


def test_a_file_without_configuration_or_with_a_broken_one_exits_2(tmp_path: Path) -> None:
    file = cases(tmp_path, ("a", TENANT, "allow"), head="")

    assert run("policy", "test", file) == (
        2,
        "",
        f"{file}: names no configuration: write config: FILE into it, or give -c FILE\n",
    )
    broken = write(tmp_path, "version: 2", "broken.yaml")
    assert run("policy", "test", file, "-c", broken).code == 2
