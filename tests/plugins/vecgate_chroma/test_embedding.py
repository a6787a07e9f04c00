from __future__ import annotations

from typing import Any

import pytest
from tests.support.chroma_scene import COLLECTION, DATABASE, unbound

from vecgate.errors import Refusal
from vecgate.reasons import Reason
from vecgate_chroma.embedding import trimmed


def known(config: Any) -> dict[str, Any]:
    return {"embedding_function": {"type": "known", "name": "sentence_transformer", "config": config}}


def in_schema(config: Any) -> dict[str, Any]:
    index = {"float_list": {"vector_index": {"enabled": True, "config": known(config)}}}
    return {"defaults": {}, "keys": {"#embedding": index}}


LOADING = [
    {"trust_remote_code": True},
    {"trust_remote_code": False},
    {"kwargs": {"trust_remote_code": True}},
    {"kwargs": {"a": [{"Trust-Remote-Code": 1}]}},
    {"trustRemoteCode": "yes"},
    {"model_kwargs": {"x": 1}},
    {"code_revision": "main"},
]


@pytest.mark.parametrize("config", LOADING)
@pytest.mark.parametrize(
    "place",
    [
        lambda config: ("POST", f"{DATABASE}/collections", {"name": "abc", "configuration": known(config)}),
        lambda config: ("POST", f"{DATABASE}/collections", {"name": "abc", "schema": in_schema(config)}),
        lambda config: ("PUT", COLLECTION, {"new_configuration": known(config)}),
    ],
)
def test_a_function_that_loads_code_is_refused_wherever_it_stands(place: Any, config: Any) -> None:
    with pytest.raises(Refusal) as caught:
        unbound(*place(config))
    assert (caught.value.reason, caught.value.status) == (Reason.UNKNOWN_OPERATION, 403)


def test_settings_that_hide_in_a_text_are_refused() -> None:
    body = {"name": "abc", "configuration": known('{"trust_remote_code": true}')}
    with pytest.raises(Refusal) as caught:
        unbound("POST", f"{DATABASE}/collections", body)
    assert caught.value.reason is Reason.BAD_BODY


@pytest.mark.parametrize(
    "configuration",
    [
        known({"model_name": "all-MiniLM-L6-v2", "device": "cpu", "normalize_embeddings": False, "kwargs": {}}),
        {"embedding_function": {"type": "legacy"}},
        {
            "hnsw": {"space": "l2"},
            "spann": None,
            "embedding_function": {"name": "default", "type": "known", "config": {}},
        },
    ],
)
def test_the_settings_of_ordinary_clients_pass(configuration: Any) -> None:
    assert unbound("POST", f"{DATABASE}/collections", {"name": "abc", "configuration": configuration}).operations


def test_lists_do_not_tell_of_the_installation() -> None:
    config = {
        "api_key_env_var": "OPENAI_PROD",
        "model_name": "m",
        "api_base": "https://llm.internal",
        "organization_id": "o",
    }
    schema = in_schema(config)
    assert trimmed(known(config))["embedding_function"]["config"] == {"model_name": "m"}
    text = str(trimmed(schema))
    assert "OPENAI_PROD" not in text
    assert "llm.internal" not in text
    assert "OPENAI_PROD" in str(schema), "the original is left alone"
