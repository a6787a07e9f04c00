from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.support.weaviate_rest import (
    ALICE,
    ID,
    ISSUER,
    OPEN,
    OTHER,
    WEAVIATE,
    answer,
    decided,
    masked,
    masks,
    reading,
    sent,
    shown,
)

from vecgate.errors import Unmaskable
from vecgate.masking.maskset import MaskSet

MARK = 0.8671875
HIDING = masks({"ssn": "redact", "home.town": "drop"})
PROPERTIES = {"title": "t", "ssn": "900-1", "home": {"town": "Lund", "zip": 1}, "copy": [MARK] * 16}
OBJECT: dict[str, Any] = {
    "class": "Docs",
    "id": ID,
    "properties": PROPERTIES,
    "vector": [MARK, 1],
    "vectors": {"a": [MARK, 1], "b": [[MARK], [1]]},
    "additional": {"featureProjection": {"vector": [MARK]}},
    "vectorWeights": None,
    "creationTimeUnix": 1,
    "lastUpdateTimeUnix": 2,
}
STORED = {"class": "Docs", "properties": {"title": "t"}}
ANSWERS: dict[str, tuple[str, str, Any, Any]] = {
    "get": ("GET", f"/objects/Docs/{ID}?include=vector", None, OBJECT),
    "create": ("POST", "/objects", STORED, OBJECT),
    "put": ("PUT", f"/objects/Docs/{ID}", STORED, OBJECT),
    "list": ("GET", "/objects?class=Docs&include=vector", None, {"objects": [OBJECT], "totalResults": 1}),
    "list of all": ("GET", "/objects?include=vector", None, {"objects": [OBJECT], "deprecations": None}),
    "batch": ("POST", "/batch/objects", {"objects": [STORED]}, [{**OBJECT, "result": {"status": "SUCCESS"}}]),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_nothing_hidden_is_left(name: str) -> None:
    method, path, body, document = ANSWERS[name]
    read = reading(method, path, body)
    assert str(MARK) not in str(shown(read, MaskSet.closed(), document))
    text = str(shown(read, HIDING, document))
    for hidden in (str(MARK), "900-1", "Lund"):
        assert hidden not in text
    done = masked(read, HIDING, document)
    assert {"vectors", "ssn", "home.town"} <= set(done.masked)
    (record,) = done.records
    assert (record.resource, record.id, record.payload["title"], record.payload["home"]) == (
        "Docs",
        ID,
        "t",
        {"zip": 1},
    )
    assert "copy" not in record.payload
    open_text = str(shown(read, OPEN, document))
    assert open_text.count(str(MARK)) == 16 + 1 + 2
    assert "featureProjection" not in open_text


def test_each_object_has_the_masks_of_where_it_stands() -> None:
    other = {**OBJECT, "class": "Person", "id": OTHER, "tenant": "a"}
    read = reading("GET", "/objects")
    found = shown(read, OPEN, {"objects": [OBJECT, other]}, **{"Person/a": HIDING})["objects"]
    assert found[0]["properties"]["ssn"] == "900-1"
    assert "900-1" not in str(found[1])
    assert masked(read, OPEN, {"objects": [OBJECT, other]}).records[1].resource == "Person/a"


@pytest.mark.parametrize("strategy", ["zero", "round:1"])
def test_vectors_are_masked_in_their_place(strategy: str) -> None:
    read = reading("GET", f"/objects/Docs/{ID}?include=vector")
    got = shown(read, masks(vectors=strategy), OBJECT)
    assert str(MARK) not in str(got)
    expected = {"zero": 0, "round:1": 0.9}[strategy]
    assert got["vector"][0] == pytest.approx(expected)
    assert got["vectors"]["b"][0][0] == pytest.approx(expected)


@pytest.mark.parametrize("mask", [HIDING, OPEN])
@pytest.mark.parametrize("path", [f"/objects/Docs/{ID}", "/objects"])
def test_vectors_are_fetched_only_for_who_may_see_any(mask: MaskSet, path: str) -> None:
    named = "&class=Docs" if path == "/objects" else ""
    outgoing, _ = sent(reading("GET", f"{path}?include=vector{named}"), mask)
    assert ("include=vector" in outgoing.path) == (mask is OPEN)
    outgoing, _ = sent(reading("GET", f"{path}?include=vector,classification{named}"), mask)
    assert "classification" in outgoing.path


def test_names_are_sent_as_the_collections_own() -> None:
    outgoing, _ = sent(reading("GET", f"/objects/live/{ID}?tenant=a", Live="Docs"), OPEN)
    assert outgoing.path == f"/v1/objects/Docs/{ID}?tenant=a"
    outgoing, _ = sent(reading("GET", "/objects?class=live", Live="Docs"), OPEN)
    assert outgoing.path == "/v1/objects?class=Docs"
    link = {"class": "live", "properties": {"by": [{"beacon": f"weaviate://localhost/{OTHER}"}]}}
    _, document = sent(reading("POST", "/objects", link, Live="Docs"), OPEN)
    assert document["class"] == "Docs"
    assert document["properties"]["by"] == [{"beacon": f"weaviate://localhost/Person/{OTHER}"}]
    where = {"operator": "Equal", "path": ["by", "live", "a"], "valueInt": 1}
    body = {"match": {"class": "live", "where": where}, "dryRun": True}
    _, document = sent(reading("DELETE", "/batch/objects", body, Live="Docs"), OPEN)
    assert (document["match"]["class"], document["match"]["where"]["path"]) == ("Docs", ["by", "Docs", "a"])
    outgoing, _ = sent(reading("DELETE", "/schema/live", Live="Docs"), OPEN)
    assert outgoing.path == "/v1/schema/Live"


def test_a_batch_says_how_each_went_and_not_why() -> None:
    read = reading("POST", "/batch/objects", {"objects": [STORED, STORED]})
    failed = {"status": "FAILED", "errors": {"error": [{"message": "value 900-1 is taken"}]}}
    given = [{**OBJECT, "result": failed}, {**OBJECT, "result": {}}]
    got = shown(read, HIDING, given)
    assert [one["result"]["status"] for one in got] == ["FAILED", "SUCCESS"]
    assert "900-1" not in str(got)
    with pytest.raises(Unmaskable):
        masked(read, OPEN, given[:1])
    rows = [{"from": f"weaviate://localhost/Docs/{ID}/by", "to": f"weaviate://localhost/Person/{OTHER}"}]
    read = reading("POST", "/batch/references", rows)
    got = shown(read, OPEN, [{**rows[0], "result": failed}])
    assert got[0]["from"] == rows[0]["from"]
    assert "900-1" not in str(got)


def test_a_delete_says_which_objects_matched() -> None:
    where = {"operator": "Equal", "path": ["title"], "valueText": "t"}
    read = reading("DELETE", "/batch/objects", {"match": {"class": "Docs", "where": where}, "output": "verbose"})
    failed = {"id": OTHER, "status": "FAILED", "errors": {"error": [{"message": "900-1"}]}}
    found = [{"id": ID, "status": "SUCCESS"}, failed]
    given = {"match": {"class": "Docs", "where": where}, "results": {"matches": 2, "objects": found}, "dryRun": False}
    done = masked(read, OPEN, given)
    assert done.points == 2
    assert "900-1" not in str(done.answer.body)


def test_lists_have_what_the_caller_may_see() -> None:
    def visible(resource: str) -> bool:
        return resource in {"Docs", "Spaces/a"}

    got = shown(reading("GET", "/schema"), OPEN, {"classes": [{"class": "Docs"}, {"class": "Secret"}]}, visible=visible)
    assert got == {"classes": [{"class": "Docs"}]}
    pairs = {"aliases": [{"alias": "a", "class": "Docs"}, {"alias": "b", "class": "Secret"}]}
    got = shown(reading("GET", "/aliases"), OPEN, pairs, visible=visible)
    assert [one["alias"] for one in got["aliases"]] == ["a"]
    got = shown(reading("GET", "/schema/Spaces/tenants"), OPEN, [{"name": "a"}, {"name": "b"}], visible=visible)
    assert got == [{"name": "a"}]


@pytest.mark.parametrize(
    "document",
    [
        {**OBJECT, "class": "Secret"},
        {**OBJECT, "id": 5},
        {**OBJECT, "vector": {"a": 1}},
        {**OBJECT, "vectors": [1]},
        {**OBJECT, "more": 1},
        {**OBJECT, "properties": []},
        {**OBJECT, "creationTimeUnix": [MARK]},
        [],
    ],
)
def test_what_is_not_understood_is_withheld(document: Any) -> None:
    with pytest.raises(Unmaskable):
        masked(reading("GET", f"/objects/Docs/{ID}"), OPEN, document)


def test_an_error_does_not_quote_what_is_stored() -> None:
    failed = answer({"error": [{"message": "900-1"}]}, 422)
    done = masked(reading("POST", "/objects", STORED), OPEN, failed)
    assert done.answer.status == 422
    assert "900-1" not in str(done.answer.body)


def test_what_the_gateway_says_by_itself() -> None:
    openid = WEAVIATE.local(reading("GET", "/.well-known/openid-configuration"), None, decided(OPEN))
    assert openid is not None
    assert msgspec.json.decode(openid.body)["href"] == f"{ISSUER}.well-known/openid-configuration"
    read = reading("GET", "/schema/secret")
    assert WEAVIATE.local(read, ALICE, decided(OPEN)) is None
    absent = WEAVIATE.local(read, ALICE, decided(OPEN, lambda resource: resource != "Secret"))
    assert absent is not None
    assert absent.status == 404
