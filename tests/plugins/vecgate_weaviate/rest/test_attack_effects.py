"""Operations that would pass for less than they are."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.weaviate_rest import judged

from vecgate.errors import Refusal
from vecgate.operations.model import Risk


@pytest.mark.parametrize(
    ("method", "path", "body", "resources"),
    [
        ("GET", "/schema/Docs/shards?tenant=acme", None, ("Docs/acme",)),
        ("GET", "/schema/live/shards", None, ("Docs", "Docs/*")),
        ("PUT", "/schema/Docs/shards/acme", {"status": "READONLY"}, ("Docs", "Docs/acme")),
    ],
)
def test_shards_are_tenants(method: str, path: str, body: Any, resources: tuple[str, ...]) -> None:
    (one,) = judged(method, path, body, Live="Docs")
    assert one.resources == resources


@pytest.mark.parametrize(
    "settings",
    [
        {"text2vec-google": {"apiEndpoint": "evil.example"}},
        {"text2vec-openai": {"resourceName": "evil.example/", "deploymentId": "d"}},
        {"text2vec-openai": {"baseURL": "//evil.example"}},
        {"text2vec-aws": {"endpoint": "evil"}},
    ],
)
@pytest.mark.parametrize("wrapped", [False, True], ids=["moduleConfig", "vectorConfig"])
def test_addresses_without_a_scheme(settings: dict[str, Any], wrapped: bool) -> None:
    body = {"vectorConfig": {"a": {"vectorizer": settings}}} if wrapped else {"moduleConfig": settings}
    for method, path in (("POST", "/schema"), ("PUT", "/schema/Docs")):
        (one,) = judged(method, path, {"class": "Docs", **body})
        assert Risk.EGRESS in one.risks


@pytest.mark.parametrize(("enabled", "deletes"), [(True, True), (False, False)])
def test_a_time_to_live_deletes(enabled: bool, deletes: bool) -> None:
    body = {"class": "Docs", "objectTtlConfig": {"enabled": enabled, "deleteOn": "_creationTimeUnix", "defaultTtl": 1}}
    (one,) = judged("PUT", "/schema/Docs", body)
    assert (Risk.BULK_DELETE in one.risks) is deletes


@pytest.mark.parametrize(
    "described",
    [
        {"name": "a", "dataType": ["hr:Secret"]},
        {"name": "a", "dataType": ["_Secret"]},
        {"name": "a", "dataType": ["object"], "nestedProperties": [{"name": "b", "dataType": ["Secret"]}]},
    ],
)
def test_properties_that_lead_where_nobody_can_judge(described: dict[str, Any]) -> None:
    for method, path, body in (
        ("POST", "/schema", {"class": "New", "properties": [described]}),
        ("POST", "/schema/Docs/properties", described),
    ):
        with pytest.raises(Refusal):
            judged(method, path, body)
