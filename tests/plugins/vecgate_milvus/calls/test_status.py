from __future__ import annotations

from typing import Any

import pytest
from tests.support.milvus_calls import made

from vecgate_milvus.calls import status

SECRET = "row 17 holds canary-secret"


def outcome(**fields: Any) -> Any:
    return made("common.Status", **fields)


@pytest.mark.parametrize(("fields", "failed"), [({}, False), ({"code": 1}, True), ({"error_code": 1}, True)])
def test_what_failed(fields: dict[str, int], failed: bool) -> None:
    assert status.failed(outcome(**fields)) is failed


@pytest.mark.parametrize(
    ("fields", "text", "code"),
    [
        ({"code": 100, "error_code": 4}, "The collection does not exist.", "code 100"),
        ({"error_code": 4}, "The collection does not exist.", "code 4"),
        ({"code": 1700}, "The field does not exist.", "code 1700"),
        ({"code": 65535, "error_code": 1}, "The database refused the request.", "code 65535"),
    ],
)
def test_the_code_stays_and_the_text_goes(fields: dict[str, int], text: str, code: str) -> None:
    found = outcome(**fields, reason=SECRET, detail=SECRET, extra_info={"x": SECRET}, retriable=True)
    assert status.normalise(found) == code
    assert found == outcome(**fields, reason=text, retriable=True)


def test_a_text_that_clients_look_for() -> None:
    found = outcome(error_code=1, reason=f"can't find collection: {SECRET}")
    status.normalise(found)
    assert found.reason == "can't find collection."


@pytest.mark.parametrize(
    ("fields", "missing"),
    [({"code": 100}, True), ({"code": 800}, True), ({"code": 1, "error_code": 4}, False), ({"code": 1600}, False)],
)
def test_what_says_that_a_name_does_not_exist(fields: dict[str, int], missing: bool) -> None:
    assert status.not_found(outcome(**fields)) is missing
