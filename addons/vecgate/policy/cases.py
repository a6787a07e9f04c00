"""Cases: expectations of a policy in YAML, beside the policy. FAIL (another answer) is not ERROR (no answer)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
from pydantic import Field, ValidationError

from vecgate.config.document import Document, read
from vecgate.config.model import Model, Text
from vecgate.config.problems import problems
from vecgate.config.units import Moment
from vecgate.errors import ConfigError, Finding, Refusal
from vecgate.policy.decision import Verdict
from vecgate.policy.explain import Explainer
from vecgate.reasons import Reason


class Asked(Model):
    """A request as in a line of `vecgate classify`."""

    method: str = "GET"
    path: str
    headers: dict[str, str] = Field(default_factory=dict)
    body: Any = None
    body_base64: str | None = None
    names: dict[str, str] = Field(default_factory=dict)


class Expected(Model):
    """What must hold; what is left out is not compared."""

    verdict: Verdict
    reason: Reason | None = None
    grants: list[str] | None = None
    masks: dict[str, dict[str, Any]] | None = None
    """By resource; what a resource's masks hold besides is not compared."""
    limits: list[str] | None = None
    approval: str | None = None


class Case(Model):
    name: Text
    as_: dict[str, Any] = Field(alias="as")
    """Claims, `iss` and `sub` at least."""
    connection: str | None = None
    """May be left out where there is only one."""
    at: Moment | None = None
    request: Asked
    expect: Expected


class Cases(Model):
    """A file of cases."""

    config: Text | None = None
    """The configuration, relative to this file; `-c` on the command line has precedence."""
    cases: list[Case] = Field(min_length=1)


class Outcome(StrEnum):
    PASS = "PASS"  # noqa: S105 - an outcome, not a password
    FAIL = "FAIL"
    ERROR = "ERROR"


@dataclass(frozen=True)
class Result:
    """How a case went; `differences` are lines for people."""

    file: str
    line: int
    name: str
    outcome: Outcome
    differences: tuple[str, ...] = ()


def load_cases(path: Path) -> tuple[Document, Cases]:
    """A file of cases. Raises ConfigError with everything that is wrong."""
    document = read(path, nulls=True)
    if not isinstance(document.data, dict):
        raise ConfigError(Finding(document.file, 1, 1, "", "must be a mapping with the key cases"))
    try:
        return document, Cases.model_validate_json(msgspec.json.encode(document.data), strict=True)
    except ValidationError as error:
        raise ConfigError(*problems(document, error, Cases.model_json_schema())) from error


def run(document: Document, cases: Cases, explainer: Explainer) -> Iterator[Result]:
    """Judge every case."""
    for index, case in enumerate(cases.cases):
        line, _ = document.locate(("cases", index))
        try:
            differences = tuple(_differences(case.expect, _judge(case, explainer)))
            outcome = Outcome.FAIL if differences else Outcome.PASS
        except (Refusal, ValueError, LookupError) as error:
            differences = (_why(error),)
            outcome = Outcome.ERROR
        yield Result(document.file, line, case.name, outcome, differences)


def _why(error: Exception) -> str:
    return error.detail or error.reason.summary if isinstance(error, Refusal) else str(error.args[0])


def _judge(case: Case, explainer: Explainer) -> Mapping[str, Any]:
    connection = case.connection or (explainer.connections[0] if len(explainer.connections) == 1 else "")
    if connection not in explainer.connections:
        raise LookupError(f"there is no connection {connection!r}: there is {', '.join(explainer.connections)}")
    line = case.request.model_dump(exclude_unset=True) | {"method": case.request.method}
    return explainer.explain(connection, explainer.principal(case.as_), line, case.at or datetime.now(UTC))


def _differences(expected: Expected, found: Mapping[str, Any]) -> Iterator[str]:
    for key, wanted in expected.model_dump(exclude_unset=True, exclude={"masks"}).items():
        if key in ("grants", "limits"):
            wanted, got = sorted(wanted), sorted(found[key])
        else:
            got = found[key]
        if wanted != got:
            yield f"{key}: expected {_shown(wanted)}, got {_shown(got)}"
    for resource, masks in (expected.masks or {}).items():
        actual = found["masks"].get(resource)
        if actual is None:
            yield f"masks: the request does not touch {resource}"
            continue
        for key, wanted in masks.items():
            if not _holds(wanted, actual.get(key)):
                yield f"masks.{resource}.{key}: expected {_shown(wanted)}, got {_shown(actual.get(key))}"
    if found["error"] is not None and expected.reason is None and expected.verdict is not found["verdict"]:
        yield f"the request is refused: {found['error']['detail']}"


def _holds(wanted: Any, got: Any) -> bool:
    """The fields that are named; vectors and scores exactly."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        return all(got.get(name) == strategy for name, strategy in wanted.items())
    return bool(wanted == got)


def _shown(value: Any) -> str:
    return msgspec.json.encode(value).decode()
