from __future__ import annotations

import pytest

from vecgate.errors import Refusal
from vecgate.reasons import Reason
from vecgate_milvus import names


@pytest.mark.parametrize(
    ("field", "header", "effective"),
    [("", "", "default"), ("hr", "", "hr"), ("", "hr", "hr"), ("hr", "hr", "hr"), ("default", "", "default")],
)
def test_the_effective_database(field: str, header: str, effective: str) -> None:
    assert names.database(field, header) == effective


@pytest.mark.parametrize(
    ("field", "header"),
    [("hr", "default"), ("default", "hr"), ("hr", "HR"), ("a/b", ""), ("", "*"), ("hr ", ""), ("", "a.b"), ("é", "")],
)
def test_two_databases_or_none_that_can_be_one_are_refused(field: str, header: str) -> None:
    with pytest.raises(Refusal) as refused:
        names.database(field, header)
    assert refused.value.reason is Reason.BAD_BODY


@pytest.mark.parametrize("name", ["kb", "_kb", "Kb_2", "kb$x", "kb-x", "a" * 255])
def test_names(name: str) -> None:
    assert names.resource("default", name) == f"default/{name}"


@pytest.mark.parametrize(
    "name", ["", "*", "**", "kb*", "a/b", "../kb", "2kb", "kb ", " kb", "kb\n", "kb\0", "hr.kb", "ｋｂ", "a" * 256]
)
def test_what_cannot_be_a_name(name: str) -> None:
    with pytest.raises(Refusal) as refused:
        names.resource("default", name)
    assert refused.value.reason is Reason.BAD_BODY


@pytest.mark.parametrize(("resource", "last"), [("default/kb", "kb"), ("hr", "hr")])
def test_the_own_name(resource: str, last: str) -> None:
    assert names.last(resource) == last
