from __future__ import annotations

from typing import Any

import pytest
from tests.support.qdrant_scene import KB, OPEN, QDRANT, operations, reading, sent, unbound

from vecgate.errors import Refusal
from vecgate.reasons import Reason

CREATE = {"create_alias": {"collection_name": "kb", "alias_name": "al"}}
DELETE = {"delete_alias": {"alias_name": "al"}}
RENAME = {"rename_alias": {"old_alias_name": "al", "new_alias_name": "be"}}


@pytest.mark.parametrize(
    ("actions", "aliases", "resources"),
    [
        ([CREATE], {}, [("kb", "al")]),
        ([CREATE], {"al": "secret"}, [("kb", "al", "secret")]),
        ([CREATE], {"kb": "secret"}, [("kb", "al", "secret")]),
        ([DELETE], {}, [("al",)]),
        ([DELETE], {"al": "secret"}, [("al", "secret")]),
        ([RENAME], {"al": "secret", "be": "other"}, [("al", "be", "secret", "other")]),
        ([CREATE, DELETE], {}, [("kb", "al"), ("al",)]),
        ([], {}, [("**",)]),
    ],
)
def test_alias_changes_touch_names_and_what_they_stand_for(
    actions: Any, aliases: dict[str, str], resources: list[tuple[str, ...]]
) -> None:
    found = operations("POST", "/collections/aliases", {"actions": actions}, **aliases)
    assert [one.resources for one in found] == resources


def test_alias_changes_are_sent_as_written() -> None:
    read = reading("POST", "/collections/aliases", {"actions": [RENAME]}, al="secret", be="other")
    assert sent(read, OPEN) == ("POST /collections/aliases", {"actions": [RENAME]})


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/a.snapshot",
        "https://example.com/a.snapshot",
        "ftp://x/a.snapshot",
        "file:///etc/shadow",
        "file:///snapshots/../../etc/a.snapshot",
        "file://host/a.snapshot",
        "FILE:///a.snapshot",
        "file:///snapshots//a.snapshot",
        "file:///snapshots/%2e%2e/a.snapshot",
        "../a.snapshot",
        "dir/a.snapshot",
        "a.snapshot\n",
        "",
    ],
)
@pytest.mark.parametrize("path", [f"{KB}/snapshots/recover", f"{KB}/shards/0/snapshots/recover"])
def test_the_database_fetches_no_archive(path: str, location: str) -> None:
    with pytest.raises(Refusal) as caught:
        unbound("PUT", path, {"location": location})
    assert caught.value.reason is Reason.UNKNOWN_OPERATION


def test_no_key_is_sent_to_anyone() -> None:
    with pytest.raises(Refusal):
        unbound("PUT", f"{KB}/snapshots/recover", {"location": "a.snapshot", "api_key": "k"})


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/collections/aliases", {"actions": [{**CREATE, **DELETE}]}),
        ("POST", "/collections/aliases", {"actions": [{"create_alias": {"collection_name": "kb"}}]}),
        (
            "POST",
            "/collections/aliases",
            {"actions": [{"rename_alias": {"old_alias_name": "a/b"}}]},
        ),
        ("POST", "/collections/aliases", {"actions": [{"create_alias": {"collection_name": "*", "alias_name": "x"}}]}),
        ("POST", "/collections/aliases", {"actions": [{"swap_alias": {}}]}),
        ("PUT", KB, {"vectors": {"size": 2, "distance": "Dot"}, "init_from": {"collection": "secret"}}),
        ("PUT", KB, {"vectors": {"v": {"size": 2}}}),
        ("PATCH", KB, {"name": "other"}),
        ("PUT", f"{KB}/index", {"field_name": ""}),
        ("PUT", f"{KB}/index", {"field_name": "a", "field_schema": {"type": "keyword", "tokenizer": "word"}}),
        ("PUT", f"{KB}/vectors/v", {"dense": {"size": 2, "distance": "Dot"}, "sparse": {}}),
        ("POST", f"{KB}/cluster", {"move_shard": {}}),
        ("POST", f"{KB}/cluster", {}),
        ("POST", f"{KB}/cluster", {"abort_resharding": {}, "drop_replica": {"shard_id": 1, "peer_id": 1}}),
        ("POST", f"{KB}/shards/delete", {"shard_key": None}),
        ("PUT", "/quotas", {"max_disk_usage_percent": 101}),
    ],
)
def test_what_is_malformed_is_refused(method: str, path: str, body: Any) -> None:
    with pytest.raises(Refusal) as caught:
        unbound(method, path, body)
    assert caught.value.reason in {Reason.BAD_BODY, Reason.UNKNOWN_MEMBER}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", KB, {}),
        ("DELETE", KB, None),
        ("POST", "/collections/aliases", {"actions": [DELETE]}),
        ("PUT", f"{KB}/snapshots/recover", {"location": "a.snapshot"}),
    ],
)
def test_what_makes_or_drops_names_says_so(method: str, path: str, body: Any) -> None:
    assert QDRANT.changes_names(unbound(method, path, body))
    assert not QDRANT.changes_names(unbound("GET", KB))
