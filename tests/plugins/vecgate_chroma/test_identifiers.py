from __future__ import annotations

from typing import Any

import pytest
from tests.support.chroma_scene import (
    ALPHA,
    CHROMA,
    COLLECTION,
    DATABASE,
    PARENT,
    UUID,
    answer,
    reading,
    unbound,
)

from vecgate.errors import Refusal, Unmaskable
from vecgate.operations.messages import Answer
from vecgate.reasons import Reason

FOUND = {
    "id": UUID,
    "name": "alpha",
    "tenant": "default_tenant",
    "database": "default_database",
    "configuration_json": {},
}


@pytest.mark.parametrize(
    "spelling",
    [
        UUID,
        UUID.upper(),
        UUID.replace("-", ""),
        f"urn:uuid:{UUID}",
        f"URN:UUID:{UUID.upper()}",
        f"%7B{UUID}%7D",
        UUID.replace("-", "%2D"),
        f"%7B{UUID.replace('-', '')}%7D",
    ],
)
def test_every_spelling_of_a_uuid_is_one_collection(spelling: str) -> None:
    read = unbound("GET", f"{DATABASE}/collections/{spelling}/count")
    assert read.operations[0].resources == (f"{PARENT}/{UUID}",)
    assert [lookup.name for lookup in CHROMA.lookups(read)] == [UUID]


@pytest.mark.parametrize(
    "slot", ["alpha", UUID[:-1], UUID + "0", f"%7B{UUID}", f"{UUID}%7D", "c14de12b166a-45bd-bb64-44a0b48b93f6", "é"]
)
def test_a_name_is_no_uuid(slot: str) -> None:
    with pytest.raises(Refusal) as caught:
        unbound("GET", f"{DATABASE}/collections/{slot.replace('é', '%C3%A9')}/count")
    assert caught.value.reason is Reason.BAD_TARGET


@pytest.mark.parametrize("name", ["*", "**", "kb_*", "a%3Fb", "%5Bab%5D", "a%7Bb,c%7D"])
@pytest.mark.parametrize("path", ["/api/v2/tenants/{}", "/api/v2/tenants/{}/databases", DATABASE + "/collections/{}"])
def test_a_name_is_no_pattern(path: str, name: str) -> None:
    with pytest.raises(Refusal) as caught:
        unbound("GET", path.format(name))
    assert caught.value.reason is Reason.BAD_TARGET


@pytest.mark.parametrize("name", ["*", "**", "a/b", "..", "", "a\u202eb", "x" * 513, None, 5])
def test_a_name_in_a_body_is_held_to_the_same(name: Any) -> None:
    for method, path, member in (
        ("POST", f"{DATABASE}/collections", "name"),
        ("POST", "/api/v2/tenants", "name"),
        ("POST", f"{COLLECTION}/fork", "new_name"),
    ):
        with pytest.raises(Refusal) as caught:
            unbound(method, path, {member: name})
        assert caught.value.reason is Reason.BAD_BODY


def test_by_id_is_asked_with_the_path_of_the_request() -> None:
    (lookup,) = CHROMA.lookups(unbound("POST", f"{COLLECTION}/get", {}))
    assert (lookup.request.method, lookup.request.path) == ("GET", f"{DATABASE}/collections/by-id/{UUID}")
    other = f"/api/v2/tenants/other/databases/default_database/collections/{UUID}"
    (elsewhere,) = CHROMA.lookups(unbound("POST", f"{other}/get", {}))
    assert elsewhere.key != lookup.key
    assert CHROMA.lookups(unbound("GET", f"{DATABASE}/collections/alpha")) == ()
    assert CHROMA.lookups(unbound("POST", f"{DATABASE}/collections", {"name": "alpha"})) == ()


def test_what_is_learnt_is_the_full_name() -> None:
    (lookup,) = CHROMA.lookups(unbound("POST", f"{COLLECTION}/get", {}))
    assert CHROMA.learn(lookup, answer(FOUND)) == ALPHA
    assert CHROMA.learn(lookup, answer({"error": "NotFoundError", "message": "x"}, 404)) is None
    for odd in (
        answer(FOUND, 500),
        answer(FOUND, 404),
        answer(b"", 404),
        answer([]),
        answer({**FOUND, "name": "a/b"}),
        answer({**FOUND, "x": 1}),
        answer(b"<html>"),
        Answer(301),
    ):
        with pytest.raises(Unmaskable):
            CHROMA.learn(lookup, odd)


@pytest.mark.parametrize("found", [None, "other_tenant/default_database/alpha", "default_tenant/other/alpha"])
def test_a_foreign_collection_is_as_absent_as_an_absent_one(found: str | None) -> None:
    with pytest.raises(Refusal) as caught:
        reading("POST", f"{COLLECTION}/get", {}, found)
    assert (caught.value.reason, caught.value.detail) == (Reason.NOT_FOUND, f"Collection [{UUID}] does not exist.")


def test_the_resolved_name_is_what_is_judged_and_the_uuid_what_is_sent() -> None:
    read = reading("PUT", COLLECTION, {"new_name": "gamma"})
    assert read.operations[0].resources == (ALPHA, f"{PARENT}/gamma")
    assert read.detail.params["collection_id"] == UUID


def test_get_or_create_of_a_collection_that_exists_is_a_read() -> None:
    body = {"name": "alpha", "get_or_create": True}
    (operation,) = reading("POST", f"{DATABASE}/collections", body).operations
    assert (operation.name, operation.action, operation.resources) == ("create_collection", "read", (ALPHA,))
    (absent,) = reading("POST", f"{DATABASE}/collections", body, None).operations
    assert absent.action == "admin"
