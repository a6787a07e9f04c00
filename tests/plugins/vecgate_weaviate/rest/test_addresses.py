from __future__ import annotations

from typing import Any

import pytest
from tests.support.weaviate_store import DEFAULTS

from vecgate_weaviate.rest.addresses import names_address


@pytest.mark.parametrize(
    "value",
    [
        *("evil.example", "evil.example.", "evil.example/v1", "evil.example:443/v1", "me@evil.example", "EVIL.EXAMPLE"),
        *("localhost", "10.0.0.1", "10.0.0.1:80", "evil:8080", "[::1]:80", "https://evil", "//evil", "grpc://evil"),
    ],
)
def test_values_that_are_addresses_whatever_they_are_called(value: str) -> None:
    for settings in ({"anything": value}, {"a": [value]}, {"a": {"b": value}}):
        assert names_address({"moduleConfig": {"generative-x": settings}})


@pytest.mark.parametrize(
    "name",
    [
        *("baseURL", "apiEndpoint", "resourceName", "region", "location", "projectId", "deploymentId", "apiVersion"),
        *("passageInferenceUrl", "queryInferenceUrl", "host", "server", "port", "isAzure", "service", "endpointId"),
    ],
)
@pytest.mark.parametrize("value", ["evil", 8080, True])
def test_settings_that_are_for_addresses(name: str, value: Any) -> None:
    assert names_address({"moduleConfig": {"text2vec-x": {name: value}}})
    assert names_address({"properties": [{"name": "a", "moduleConfig": {"text2vec-x": {name: value}}}]})
    assert not names_address({"moduleConfig": {"text2vec-x": {name: ""}}})


@pytest.mark.parametrize(
    "model",
    [
        *("ada", "gpt-3.5-turbo", "text-embedding-3-small", "amazon.titan-embed-text-v1", "embed-english-v3.0"),
        *("sentence-transformers/all-MiniLM-L6-v2", "meta.llama3-1-70b-instruct-v1:0"),
    ],
)
def test_names_of_models_are_no_addresses(model: str) -> None:
    body = {**DEFAULTS, "class": "Docs", "moduleConfig": {"text2vec-x": {"model": model, "vectorizeClassName": False}}}
    described = {"name": "a", "dataType": ["text"], "description": "See https://docs.example"}
    assert not names_address({**body, "description": "https://docs.example", "properties": [described]})
