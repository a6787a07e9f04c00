"""A gateway before a real Chroma, for stock clients of any language: people, their rights, and some records."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.support.gateway import Gateway, gateway

POLICY = """
policy:
  grants:
    - {name: owners, to: {groups: [owners]}, allow: [meta, search, read, write, delete, admin]}
    - name: readers
      to: {groups: [readers, counted]}
      on: {resources: ["default_tenant/default_database/kb_*"]}
      allow: [meta, search, read]
    - name: pipelines
      to: {groups: [pipelines]}
      on: {resources: ["default_tenant/default_database/kb_*"]}
      allow: [meta, search, read, write, delete]
  masks:
    - {name: vectors, vectors: drop, clearance: {groups: [owners]}}
    - {name: personal, fields: {ssn: redact, email: hash, salary: drop}, clearance: {groups: [owners]}}
  limits: [{name: counted, to: {groups: [counted]}, requests: 8/minute}]
  approvals:
    - name: destructive
      to: {groups: [pipelines]}
      on: {risks: [bulk_delete]}
      reviewers: {groups: [owners]}
      hold: 1s
"""
DATABASE = "/api/v2/tenants/default_tenant/databases/default_database"
RECORDS = {
    "ids": ["a", "b", "c"],
    "embeddings": [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
    "documents": ["alpha text", "beta text", "gamma text"],
    "metadatas": [
        {"topic": "x", "n": 1, "ssn": "900-11-1111", "email": "a@people.example", "salary": 100},
        {"topic": "y", "n": 2, "ssn": "900-22-2222", "email": "b@people.example", "salary": 200},
        {"topic": "x", "n": 3, "ssn": "900-33-3333", "email": "c@people.example", "salary": 300},
    ],
}
SECRETS = ("900-11", "900-22", "900-33", "people.example")
VISIBLE = "kb_docs"
HIDDEN = "hr_secret"


@pytest.fixture(scope="session")
def client_scene(chroma: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """The running gateway. `kb_docs` is open to readers, `hr_secret` is not."""
    for name in (VISIBLE, HIDDEN):
        made = httpx.post(f"{chroma}{DATABASE}/collections", json={"name": name, "get_or_create": True})
        filled = httpx.post(f"{chroma}{DATABASE}/collections/{made.json()['id']}/upsert", json=RECORDS)
        assert filled.status_code in {200, 201}, filled.text
    with gateway(tmp_path_factory.mktemp("clients"), chroma, POLICY) as running:
        yield running
