from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.support.chroma_scene import (
    ALICE,
    ALPHA,
    CHROMA,
    DATABASE,
    OPEN,
    PARENT,
    TENANT,
    UUID,
    answer,
    decided,
    masked,
    masks,
    reading,
    shown,
)

from vecgate.errors import Unmaskable
from vecgate_chroma.catalogue import identified, page

LIST = reading("GET", f"{DATABASE}/collections")
COUNT = reading("GET", f"{DATABASE}/collections_count")
BY_NAME = reading("GET", f"{DATABASE}/collections/alpha")
DATABASES = reading("GET", f"{TENANT}/databases")
FUNCTION = {"type": "known", "name": "openai", "config": {"api_key_env_var": "OPENAI_PROD", "model_name": "m"}}


def collection(name: Any = "alpha", **members: Any) -> dict[str, Any]:
    return {
        "id": UUID,
        "name": name,
        "configuration_json": {"hnsw": {"space": "l2"}, "spann": None, "embedding_function": FUNCTION},
        "schema": {
            "defaults": {"float_list": {"vector_index": {"enabled": True, "config": {"embedding_function": FUNCTION}}}},
            "keys": {},
        },
        "metadata": {"owner_email": "a@b.example", "topic": "x"},
        "dimension": 3,
        "tenant": "default_tenant",
        "database": "default_database",
        "log_position": 0,
        "version": 0,
    } | members


def listed(read: Any, document: Any, *, seen: str) -> Any:
    decision = decided(OPEN, lambda resource: resource.startswith(seen))
    return msgspec.json.decode(CHROMA.mask(read, decision, ALICE, answer(document)).answer.body)


def test_a_list_holds_what_the_caller_may_know_of() -> None:
    document = [collection(name) for name in ("kb_one", "secret", "kb_two")]
    assert [entry["name"] for entry in listed(LIST, document, seen=f"{PARENT}/kb_")] == ["kb_one", "kb_two"]
    assert listed(LIST, document, seen="nothing") == []
    assert listed(COUNT, document, seen=f"{PARENT}/kb_") == 2


def test_pages_are_cut_from_what_the_caller_may_know_of() -> None:
    read = reading("GET", f"{DATABASE}/collections?limit=1&offset=1")
    document = [collection(name) for name in ("secret", "kb_one", "secret2", "kb_two", "kb_three")]
    assert [entry["name"] for entry in listed(read, document, seen=f"{PARENT}/kb_")] == ["kb_two"]
    assert [entry["x"] for entry in page([{"x": index} for index in range(5)], (("offset", "3"),))] == [3, 4]


def test_lists_tell_of_the_installation_only_whoever_may_see_vectors() -> None:
    body = str(shown(LIST, masks(), [collection()]))
    assert "OPENAI_PROD" not in body
    assert "openai" in body
    assert shown(LIST, OPEN, [collection()])[0]["configuration_json"]["embedding_function"] == FUNCTION


def test_a_collection_serves_its_clients() -> None:
    assert shown(BY_NAME, masks(), collection())["configuration_json"]["embedding_function"] == FUNCTION


def test_a_collections_own_metadata_is_masked_like_a_records() -> None:
    mask = masks({"owner_email": "redact"})
    assert shown(BY_NAME, mask, collection())["metadata"] == {"owner_email": "[redacted]", "topic": "x"}
    assert b"a@b.example" not in masked(LIST, mask, [collection()]).answer.body
    assert masked(BY_NAME, mask, collection()).masked == ("owner_email",)


def test_databases_are_filtered_and_paged() -> None:
    document = [{"id": UUID, "name": name, "tenant": "default_tenant"} for name in ("one", "two", "three")]
    assert [entry["name"] for entry in listed(DATABASES, document, seen="default_tenant/t")] == ["two", "three"]
    read = reading("GET", f"{TENANT}/databases?limit=1")
    assert [entry["name"] for entry in listed(read, document, seen="default_tenant/t")] == ["two"]


@pytest.mark.parametrize(
    ("read", "document"),
    [
        (LIST, {}),
        (LIST, [collection(surprise=1)]),
        (LIST, [collection(name=None)]),
        (LIST, [collection(name="a/b")]),
        (LIST, [collection(tenant="")]),
        (LIST, [{"id": UUID}]),
        (LIST, ["alpha"]),
        (LIST, [collection(configuration_json={"vectors": [1.0]})]),
        (LIST, [collection(schema={"other": 1})]),
        (LIST, [collection(metadata=["x"])]),
        (LIST, [collection(configuration_json=None)]),
        (COUNT, 7),
        (COUNT, [{"name": "x"}]),
        (BY_NAME, [collection()]),
        (BY_NAME, collection(name="secret")),
        (BY_NAME, collection(tenant="other_tenant")),
        (BY_NAME, collection(id=7)),
        (DATABASES, [{"id": UUID, "name": "x"}]),
        (DATABASES, [{"id": UUID, "name": "x/y", "tenant": "t"}]),
        (DATABASES, [{"id": UUID, "name": "x", "tenant": "t", "collections": []}]),
        (reading("GET", DATABASE), {"id": UUID, "name": "other", "tenant": "default_tenant"}),
    ],
)
def test_a_catalogue_of_another_form_is_withheld(read: Any, document: Any) -> None:
    with pytest.raises(Unmaskable):
        masked(read, OPEN, document)


def test_a_collection_is_named_from_the_widest_name_to_the_narrowest() -> None:
    assert identified(collection()) == (UUID, ALPHA)
