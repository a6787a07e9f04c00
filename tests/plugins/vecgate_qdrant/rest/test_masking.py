from __future__ import annotations

import msgspec
import pytest
from tests.support.qdrant_scene import ALICE, KB, OPEN, POINTS, QDRANT, answer, decided, failure, masks, reading

from vecgate.errors import Unmaskable
from vecgate.operations.messages import Answer
from vecgate_qdrant.rest.masking import aliases

COUNT = reading("POST", f"{POINTS}/count", {})
PLAIN = (("content-type", "text/plain"),)
JSON = (("content-type", "application/json"),)


def told(given: Answer, read: object = COUNT) -> Answer:
    return QDRANT.mask(read, decided(OPEN), ALICE, given).answer  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"result":{"count":1}}',
        b'{"result":{"count":1},"status":"ok"}',
        b'{"result":{"count":1},"status":"ok","time":"0"}',
        b'{"result":{"count":1},"status":{"error":"x"},"time":0}',
        b'{"result":{"count":1},"status":"ok","time":0,"points":[1]}',
        b'{"result":{"count":1},"result":{"count":2},"status":"ok","time":0}',
        b'{"result":null,"status":"ok","time":0}',
    ],
)
def test_an_answer_has_its_envelope_and_nothing_else(body: bytes) -> None:
    with pytest.raises(Unmaskable):
        told(Answer(200, JSON, body))


@pytest.mark.parametrize("status", [201, 204, 206, 301, 304])
def test_no_other_status_is_understood(status: int) -> None:
    with pytest.raises(Unmaskable):
        told(answer({"count": 1}, status))


def test_an_accepted_operation_has_no_result_yet() -> None:
    read = reading("POST", f"{KB}/snapshots?wait=false")
    seen = told(Answer(202, JSON, b'{"status":"accepted","time":0.0}'), read)
    assert (seen.status, msgspec.json.decode(seen.body)) == (202, {"status": "accepted", "time": 0.0})


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz"])
def test_health_is_told_in_words(path: str) -> None:
    read = reading("GET", path)
    seen = told(Answer(200, PLAIN, b"healthz check passed"), read)
    assert (seen.body, seen.headers) == (b"healthz check passed", PLAIN)
    for odd in (b"", b"<html>", b"shard 5 of hr: dead", b"x" * 200):
        with pytest.raises(Unmaskable):
            told(Answer(200, PLAIN, odd), read)
    assert told(Answer(503, PLAIN, b"some shards are not ready"), read).status == 503


def test_the_version_is_told_without_more() -> None:
    read = reading("GET", "/")
    version = b'{"title":"qdrant - vector search engine","version":"1.19.0","commit":"abc"}'
    assert told(Answer(200, JSON, version), read).body == version
    with pytest.raises(Unmaskable):
        told(Answer(200, JSON, b'{"title":"x","version":"1","peers":["a"]}'), read)


def test_a_point_that_is_not_there_is_what_the_server_says() -> None:
    seen = told(answer([]), reading("GET", f"{POINTS}/7"))
    assert seen.status == 404
    assert msgspec.json.decode(seen.body)["status"] == {"error": "Not found: Point with id 7 does not exists!"}


def test_errors_are_normalised() -> None:
    seen = told(failure("Wrong input: value '078-05-1120' of ssn", 400))
    assert (seen.status, b"078" in seen.body) == (400, False)


def test_masks_do_not_hang_on_what_was_asked() -> None:
    """The server takes more spellings than one: the reply is what is looked at."""
    read = reading("POST", POINTS, {"ids": [1]})
    seen = QDRANT.mask(read, decided(masks()), ALICE, answer([{"id": 1, "vector": [0.5]}]))
    assert b"0.5" not in seen.answer.body


def test_aliases_are_learnt() -> None:
    found = aliases(answer({"aliases": [{"alias_name": "a", "collection_name": "b"}]}))
    assert found == {"a": "b"}
    for bad in (failure("x", 403), answer({}), answer({"aliases": [{"alias_name": "a/b", "collection_name": "c"}]})):
        with pytest.raises(Unmaskable):
            aliases(bad)
