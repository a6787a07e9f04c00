from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.support.chroma_scene import ALPHA, COLLECTION, OPEN, masked, masks, reading, shown

from vecgate.errors import Unmaskable

GET = reading("POST", f"{COLLECTION}/get", {"limit": 10})
QUERY = reading("POST", f"{COLLECTION}/query", {"query_embeddings": [[1.0, 2.0], [3.0, 4.0]]})
SEARCH = reading("POST", f"{COLLECTION}/search", {"searches": [{"limit": {"limit": 2}}]})
SPARSE = {"#type": "sparse_vector", "indices": [1, 7], "values": [0.5, 0.25]}
EVERYTHING = ["embeddings", "documents", "metadatas", "uris"]


def got(**members: Any) -> dict[str, Any]:
    return {
        "ids": ["a", "b", "c"],
        "embeddings": [[0.5, 0.25], [1.5, 2.5], [3.5, 4.5]],
        "documents": ["alpha text", None, "gamma text"],
        "uris": ["u://a", None, None],
        "metadatas": [{"ssn": "123-45", "n": 1, "big": 9223372036854775807}, None, {"ssn": "999-99", "t": True}],
        "include": EVERYTHING,
    } | members


def queried(**members: Any) -> dict[str, Any]:
    return {
        "ids": [["a", "b"], ["c"]],
        "embeddings": [[[0.5, 0.25], [1.5, 2.5]], [[3.5, 4.5]]],
        "documents": [["alpha text", None], ["gamma text"]],
        "uris": None,
        "metadatas": [[{"ssn": "123-45"}, None], [{"ssn": "999-99"}]],
        "distances": [[0.125, 0.625], [0.75]],
        "include": ["embeddings", "documents", "metadatas", "distances"],
    } | members


def searched(**members: Any) -> dict[str, Any]:
    return {
        "ids": [["a", "b"]],
        "documents": [["alpha text", None]],
        "embeddings": [[[0.5, 0.25], [1.5, 2.5]]],
        "metadatas": [[{"ssn": "123-45"}, None]],
        "scores": [[0.125, 0.625]],
        "select": [["Document", "Score", "Embedding", {"MetadataField": "ssn"}]],
    } | members


@pytest.mark.parametrize(("read", "document"), [(GET, got()), (QUERY, queried()), (SEARCH, searched())])
def test_a_cleared_caller_gets_what_the_database_said(read: Any, document: dict[str, Any]) -> None:
    result = masked(read, OPEN, document)
    assert result.answer.body == msgspec.json.encode(document)
    assert result.masked == ()


def test_numbers_of_a_cleared_caller_keep_their_digits() -> None:
    body = (
        b'{"ids":["a"],"embeddings":[[' + b",".join([b"0.10", b"1e-7"] * 40) + b"]],"
        b'"metadatas":[{"f":1.50,"n":18446744073709551615}],"include":["embeddings","metadatas"]}'
    )
    assert masked(GET, OPEN, body).answer.body == body


@pytest.mark.parametrize(
    ("read", "document"),
    [(GET, got()), (QUERY, queried()), (SEARCH, searched()), (GET, got(include=[])), (QUERY, queried(include=[]))],
)
def test_dropped_vectors_are_nowhere_even_if_nobody_asked_for_them(read: Any, document: dict[str, Any]) -> None:
    result = masked(read, masks(), document)
    for number in (b"0.25", b"1.5", b"2.5", b"3.5", b"4.5"):
        assert number not in result.answer.body
    assert "vectors" in result.masked
    assert "embeddings" not in msgspec.json.decode(result.answer.body).get("include", [])


def test_a_vector_mask_transforms_each_vector_in_its_place() -> None:
    assert shown(GET, masks(vectors="zero"), got())["embeddings"] == [[0.0, 0.0]] * 3
    assert shown(QUERY, masks(vectors="zero"), queried())["embeddings"] == [[[0.0, 0.0]] * 2, [[0.0, 0.0]]]
    assert shown(GET, masks(vectors="round:1"), got(embeddings=[[0.53, 1.26], None, None]))["embeddings"][1:] == [
        None,
        None,
    ]


def test_scores_become_ranks_for_each_query_by_itself() -> None:
    document = shown(QUERY, masks(), queried())
    assert document["distances"] == [[1.0, 2.0], [1.0]] or document["distances"] == [[0.0, 1.0], [0.0]]
    assert document["ids"] == queried()["ids"]


def test_dropped_scores_are_not_said_to_be_included() -> None:
    document = shown(QUERY, masks(scores="drop"), queried())
    assert document["distances"] is None
    assert document["include"] == ["documents", "metadatas"]
    assert shown(SEARCH, masks(scores="drop"), searched())["scores"] == [None]


def test_fields_are_masked_at_one_index_in_all_arrays() -> None:
    mask = masks({"ssn": "redact", "#document": "redact", "#uri": "drop"}, vectors=None)
    document = shown(GET, mask, got())
    assert [entry and entry["ssn"] for entry in document["metadatas"]] == ["[redacted]", None, "[redacted]"]
    assert document["metadatas"][0]["n"] == 1
    assert document["documents"] == ["[redacted]", None, "[redacted]"]
    assert document["uris"] == [None, None, None]
    assert document["ids"] == ["a", "b", "c"]
    assert b"123-45" not in masked(QUERY, mask, queried()).answer.body
    assert b"alpha" not in masked(SEARCH, mask, searched()).answer.body


def test_a_hidden_number_does_not_show_in_another_field() -> None:
    result = masked(GET, masks({"ssn": "hash"}, vectors=None), got())
    assert b"123-45" not in result.answer.body
    assert result.masked == ("ssn",)


@pytest.mark.parametrize("entry", [SPARSE, {**SPARSE, "tokens": ["a", "b"]}, [0.25] * 16, [1] * 200, [0.5] * 100])
def test_vectors_in_metadata_are_vectors(entry: Any) -> None:
    document = got(metadatas=[{"v": entry, "n": 1}, None, None])
    assert shown(GET, masks(), document)["metadatas"][0] == {"n": 1}
    assert shown(GET, OPEN, document)["metadatas"][0] == {"v": entry, "n": 1}
    assert masked(GET, OPEN, document).records[0].payload == {"n": 1, "#document": "alpha text"}


def test_short_lists_in_metadata_stay() -> None:
    document = got(metadatas=[{"tags": ["x", "y"], "l": [1, 2], "f": [0.5]}, None, None])
    assert shown(GET, masks(), document)["metadatas"][0] == {"tags": ["x", "y"], "l": [1, 2], "f": [0.5]}


def test_every_id_counts_and_is_recorded_as_the_caller_saw_it() -> None:
    result = masked(QUERY, masks({"ssn": "redact"}), queried())
    assert result.points == 3
    assert [record.id for record in result.records] == ["a", "b", "c"]
    assert result.records[0].resource == ALPHA
    assert result.records[0].payload == {"ssn": "[redacted]", "#document": "alpha text"}
    assert result.records[0].score in {0.0, 1.0}
    assert masked(GET, masks(), {"ids": ["a"], "include": []}).points == 1
    assert result.masked == ("scores", "ssn", "vectors")


@pytest.mark.parametrize(
    ("include", "rules", "hidden"),
    [
        (["embeddings"], {}, ("vectors",)),
        (["embeddings", "uris", "metadatas"], {"#uri": "drop"}, ("#uri", "vectors")),
        (None, {"#document": "drop"}, ("#document",)),
        (["metadatas"], {"#document": "drop"}, ()),
    ],
)
def test_what_is_not_fetched_was_masked_if_it_was_asked_for(
    include: list[str] | None, rules: dict[str, str], hidden: tuple[str, ...]
) -> None:
    read = reading("POST", f"{COLLECTION}/get", {"include": include})
    fetched = {"ids": ["a"], "embeddings": None, "documents": None, "uris": None, "metadatas": None, "include": []}
    assert masked(read, masks(rules), fetched).masked == hidden
    assert masked(read, masks(rules), fetched | {"ids": []}).masked == ()


def test_empty_answers_stay_empty() -> None:
    none = {"ids": [], "embeddings": None, "documents": [], "uris": None, "metadatas": [], "include": ["documents"]}
    assert shown(GET, masks(), none) == none
    queries = {"ids": [], "embeddings": None, "documents": [], "distances": [], "include": ["documents", "distances"]}
    assert shown(QUERY, masks(), queries) == queries


@pytest.mark.parametrize(
    ("read", "document"),
    [
        (GET, []),
        (GET, None),
        (GET, {}),
        (GET, {"ids": ["a"]}),
        (GET, got(surprise=1)),
        (GET, got(vectors=[[1.0]])),
        (GET, got(data=None)),
        (GET, got(ids="abc")),
        (GET, got(ids=[1, 2, 3])),
        (GET, got(ids=["a"])),
        (GET, got(ids=[["a"], ["b"], ["c"]])),
        (GET, got(embeddings=[[1.0]])),
        (GET, got(embeddings=["AACAPw==", None, None])),
        (GET, got(embeddings={"0": [1.0]})),
        (GET, got(embeddings=[[[1.0]], None, None])),
        (GET, got(embeddings=[["1.0"], None, None])),
        (GET, got(documents=[{"text": "x"}, None, None])),
        (GET, got(documents="abc")),
        (GET, got(uris=[1, None, None])),
        (GET, got(metadatas=[["x"], None, None])),
        (GET, got(metadatas=[{"x": {"y": 1}}, None, None])),
        (GET, got(metadatas=[{"x": [[1]]}, None, None])),
        (GET, got(metadatas=[{"x": [None]}, None, None])),
        (GET, got(metadatas=[{"x": {**SPARSE, "extra": 1}}, None, None])),
        (GET, got(include=["everything"])),
        (GET, got(include="documents")),
        (GET, queried()),
        (QUERY, got()),
        (QUERY, queried(documents=[["only one"]])),
        (QUERY, queried(documents=[["x"], ["y"]])),
        (QUERY, queried(distances=[[0.1], [0.2]])),
        (QUERY, queried(distances=[["0.1", 0.2], [0.3]])),
        (QUERY, queried(distances=[0.1, 0.2])),
        (QUERY, queried(embeddings=[[[0.5, 0.25], [1.5, 2.5]]])),
        (QUERY, queried(ids=[["a", 1], ["c"]])),
        (QUERY, queried(scores=[[1.0, 2.0], [3.0]])),
        (SEARCH, {name: value for name, value in searched().items() if name != "scores"}),
        (SEARCH, searched(distances=[[0.1]])),
        (SEARCH, searched(select=[])),
        (SEARCH, searched(select=[["Everything"]])),
        (SEARCH, searched(select=[[{"MetadataField": "a", "x": 1}]])),
        (SEARCH, searched(select="Document")),
    ],
)
@pytest.mark.parametrize("mask", [OPEN, masks({"ssn": "redact"})], ids=["cleared", "masked"])
def test_an_answer_of_another_form_is_withheld(read: Any, document: Any, mask: Any) -> None:
    with pytest.raises(Unmaskable):
        masked(read, mask, document)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b'{"ids":["a"],"ids":["b"],"include":[]}',
        b'{"ids":["a"],"include":[],"distances":NaN}',
        '{"ids":[],"include":[]}'.encode("utf-16"),
        b"[" * 1000,
    ],
)
def test_an_answer_that_is_not_proper_json_is_withheld(body: bytes) -> None:
    with pytest.raises(Unmaskable):
        masked(GET, OPEN, body)
