from __future__ import annotations

import pytest

from vecgate.errors import Refusal
from vecgate.operations.model import Action, Operation, Risk
from vecgate.operations.shapes import COUNT, TEXT, enumeration
from vecgate.operations.table import Call, Row, Table, query_items
from vecgate.reasons import Reason

ROWS = (
    Row("list", "GET", "/collections", Action.META, ("*",)),
    Row("get", "GET", "/collections/{name}", Action.META, ("{name}",)),
    Row("drop", "DELETE", "/collections/{name}", Action.ADMIN, ("{name}",), risks=(Risk.DROP_COLLECTION,)),
    Row("by_id", "GET", "/collections/by-id/{id}", Action.META, ("{id}",)),
    Row("count", "GET", "/collections/{name}/count", Action.READ, ("{name}",)),
    Row("reset", "POST", "/reset", Action.ADMIN, refused="It empties the server."),
)
TABLE = Table("test", "Test", ROWS)


@pytest.mark.parametrize(
    ("method", "path", "operation", "params"),
    [
        ("GET", "/collections", "list", {}),
        ("GET", "/collections/a", "get", {"name": "a"}),
        ("DELETE", "/collections/a", "drop", {"name": "a"}),
        ("GET", "/collections/by-id", "get", {"name": "by-id"}),
        ("GET", "/collections/by-id/7", "by_id", {"id": "7"}),
        ("GET", "/collections/by-id/count", "by_id", {"id": "count"}),
        ("GET", "/collections/by-idx/count", "count", {"name": "by-idx"}),
    ],
)
def test_an_exact_segment_comes_before_a_parameter(
    method: str, path: str, operation: str, params: dict[str, str]
) -> None:
    row, found = TABLE.route(method, tuple(path[1:].split("/")))
    assert (row.operation, found) == (operation, params)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/collections"),
        ("get", "/collections"),
        ("DELETE", "/collections/by-id/7"),
        ("GET", "/collections_count"),
        ("GET", "/Collections"),
        ("GET", "/collections/a/count/b"),
        ("GET", "/collections/a/counts"),
        ("POST", "/reset"),
    ],
)
def test_what_the_table_lacks_or_refuses_does_not_pass(method: str, path: str) -> None:
    with pytest.raises(Refusal) as caught:
        TABLE.route(method, tuple(path[1:].split("/")))
    assert caught.value.reason is Reason.UNKNOWN_OPERATION


def test_the_root_is_no_operation_unless_the_table_says_so() -> None:
    with pytest.raises(Refusal):
        TABLE.route("GET", ())


def test_a_row_of_the_root_is_found_there_alone() -> None:
    table = Table("test", "Test", (*ROWS, Row("root", "GET", "/", Action.META)))
    row, params = table.route("GET", ())
    assert (row.operation, params, row.segments({}), row.target({})) == ("root", {}, (), "/")
    with pytest.raises(Refusal):
        table.route("GET", ("",))


@pytest.mark.parametrize(
    "rows",
    [
        (*ROWS, Row("again", "GET", "/collections/{other}", Action.READ)),
        (*ROWS, Row("list", "GET", "/other", Action.READ)),
    ],
)
def test_two_rows_of_one_place_or_name_are_a_mistake(rows: tuple[Row, ...]) -> None:
    with pytest.raises(ValueError, match="test: "):
        Table("test", "Test", rows)


def test_a_row_fills_its_templates() -> None:
    row = TABLE["drop"]
    call = Call(row, {"name": "a b"})
    assert row.operations(call) == (Operation("drop", Action.ADMIN, ("a b",), risks=(Risk.DROP_COLLECTION,)),)
    assert row.target(call.params, (("x", "1"),)) == "/collections/a%20b?x=1"


def test_query_keys_are_checked_and_spelt_in_one_way() -> None:
    row = Row("q", "GET", "/q", Action.READ, query={"limit": COUNT, "level": enumeration("low")})
    assert query_items(row, (("limit", "007"), ("level", "low"))) == (("limit", "7"), ("level", "low"))
    for items, reason in (
        ((("other", "1"),), Reason.UNKNOWN_MEMBER),
        ((("limit", "-1"),), Reason.BAD_TARGET),
        ((("limit", "1.5"),), Reason.BAD_TARGET),
        ((("limit", ""),), Reason.BAD_TARGET),
        ((("limit", "٣"),), Reason.BAD_TARGET),
        ((("limit", "9" * 5000),), Reason.BAD_TARGET),
        ((("level", "high"),), Reason.BAD_TARGET),
    ):
        with pytest.raises(Refusal) as caught:
            query_items(row, items)
        assert caught.value.reason is reason


def test_a_text_of_digits_stays_a_text() -> None:
    row = Row("q", "GET", "/q", Action.READ, query={"namespace": TEXT, "limit": COUNT})
    assert query_items(row, (("namespace", "007"), ("limit", "007"))) == (("namespace", "007"), ("limit", "7"))


def test_a_key_is_repeated_only_in_the_row_that_takes_it_so() -> None:
    many = Row("many", "GET", "/many", Action.READ, query={"ids": TEXT}, repeated=frozenset({"ids"}))
    once = Row("once", "GET", "/once", Action.READ, query={"ids": TEXT})
    items = (("ids", "a"), ("ids", "b"))
    assert Table("test", "Test", (many, once)).repeatable == {"ids"}
    assert query_items(many, items) == items
    with pytest.raises(Refusal) as caught:
        query_items(once, items)
    assert caught.value.reason is Reason.DUPLICATE_MEMBER
