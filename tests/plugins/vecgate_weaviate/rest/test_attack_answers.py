"""Answers that nobody should send: withheld, whatever is wrong with them, by no other error."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.weaviate_rest import ID, OTHER, masked, reading

from vecgate.errors import Unmaskable
from vecgate.masking.maskset import MaskSet

LINK = {"from": f"weaviate://localhost/Docs/{ID}/by", "to": f"weaviate://localhost/Person/{OTHER}"}
DELETE = {"match": {"class": "Docs", "where": {"operator": "Equal", "path": ["id"], "valueText": ID}}}
READ = ("GET", f"/objects/Docs/{ID}", None)
TENANT = ("GET", f"/objects/Docs/{ID}?tenant=a", None)
BATCH = ("POST", "/batch/objects", {"objects": [{"class": "Docs"}]})
LINKS = ("POST", "/batch/references", [LINK])
DELETES = ("DELETE", "/batch/objects", DELETE)
ONE = {"class": "Docs", "id": ID}
MARKED = [0.8671875] * 3


@pytest.mark.parametrize(
    ("call", "document"),
    [
        pytest.param(READ, {**ONE, "tenant": 5}, id="tenant is a number"),
        pytest.param(READ, {**ONE, "tenant": {"a": MARKED}}, id="tenant is an object"),
        pytest.param(READ, {**ONE, "tenant": "a/b"}, id="tenant cannot be one"),
        pytest.param(TENANT, {**ONE, "tenant": "b"}, id="tenant is another"),
        pytest.param(READ, {**ONE, "id": OTHER}, id="id is another"),
        pytest.param(TENANT, {**ONE, "tenant": [MARKED]}, id="tenant is a list"),
        pytest.param(("GET", "/objects", None), {"objects": [{**ONE, "class": "a/b"}]}, id="class cannot be one"),
        pytest.param(BATCH, [{**ONE, "result": {"status": ["SUCCESS"]}}], id="status is a list"),
        pytest.param(BATCH, [{**ONE, "result": []}], id="result is a list"),
        pytest.param(LINKS, [5], id="a link's result is a number"),
        pytest.param(DELETES, {"results": {"matches": MARKED}}, id="a count is a vector"),
        pytest.param(DELETES, {"results": {}, "output": {"a": MARKED}}, id="output is an object"),
    ],
)
def test_what_is_malformed_is_withheld(call: tuple[str, str, Any], document: Any) -> None:
    with pytest.raises(Unmaskable):
        masked(reading(*call), MaskSet.closed(), document)
