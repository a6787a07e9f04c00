"""Calls that write and read records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from chromadb.base_types import SparseVector

from tests.support.parity.world import IDS, World, attempt, refused, vectors

EVERYTHING: Any = ["embeddings", "documents", "metadatas", "uris"]


def add(world: World) -> Iterator[Any]:
    made = world.collection()
    yield made.count()
    yield made.get(include=EVERYTHING)
    yield made.peek()
    yield made.add(ids="single", embeddings=[1.0, 2.0, 3.0], documents="one", metadatas={"n": 1})
    yield made.add(ids=["b", "c"], embeddings=[[1, 2, 3], [4, 5, 6]])
    yield made.add(ids=["d"], embeddings=vectors(1, 3), uris=["https://d.example"])
    yield made.add(ids=["e"], embeddings=np.array([[1, 2, 3]], dtype=np.int64))
    yield made.add(ids=["f"], embeddings=np.array([[1, 2, 3]], dtype=np.float64), metadatas=[{"k": "v"}])
    yield made.get(include=EVERYTHING)
    yield made.count()
    yield made.add(ids=["b"], embeddings=[[9, 9, 9]])
    yield made.get(ids=["b"], include=["embeddings"])


def upsert(world: World) -> Iterator[Any]:
    made = world.filled()
    yield attempt(made.upsert, ids=["a", "new"], documents=["no function", "that embeds"])
    yield made.upsert(ids=["a", "new"], embeddings=vectors(2, 3, seed=1), documents=["changed", "new"])
    yield made.upsert(ids=["b"], embeddings=vectors(1, 3, seed=2), metadatas=[{"n": 20, "extra": "yes"}])
    yield made.upsert(ids=["only"], embeddings=[[0.0, 0.0, 0.0]])
    yield made.upsert(ids=["c"], embeddings=vectors(1, 3, seed=3), uris=["https://new.example"])
    yield made.get(include=EVERYTHING)
    yield made.count()


def update(world: World) -> Iterator[Any]:
    made = world.filled()
    yield made.update(ids=["a"], metadatas=[{"n": 100}])
    yield attempt(made.update, ids=["b"], documents=["no function that embeds"])
    yield made.update(ids=["b"], documents=["rewritten"], embeddings=vectors(1, 3, seed=4))
    yield made.update(ids=["c"], embeddings=[[1.0, 1.0, 1.0]])
    yield made.update(ids=["d", "e"], embeddings=vectors(2, 3, seed=5), metadatas=[{"n": None}, {"more": [1, 2]}])
    yield made.update(ids=["f"], embeddings=[[2, 2, 2]], uris=["https://later.example"])
    yield attempt(made.update, ids=["f"], metadatas=[{"n": None}])
    yield made.update(ids=["absent"], metadatas=[{"nothing": "happens"}])
    yield made.get(include=EVERYTHING)
    yield made.count()


def delete(world: World) -> Iterator[Any]:
    made = world.filled()
    yield made.delete(ids=["a"])
    yield made.delete(ids=["a", "absent"])
    yield made.delete(where={"kind": "animal"})
    yield made.delete(where_document={"$contains": "percent"})
    yield made.delete(ids=["c"], where={"n": 999})
    yield made.delete(where={"n": {"$gt": 1000}})
    yield made.get()
    yield made.delete(where={"n": {"$lt": 1000}}, limit=1)
    yield made.count()
    yield attempt(made.delete)
    yield attempt(made.delete, ids=[])
    yield made.delete(ids=IDS)
    yield made.get()


def get(world: World) -> Iterator[Any]:
    made = world.filled()
    yield made.get()
    yield made.get(include=EVERYTHING)
    for include in ([], ["embeddings"], ["documents"], ["metadatas"], ["uris"], ["metadatas", "uris"]):
        yield made.get(include=include)
    yield made.get(ids="a")
    yield made.get(ids=["c", "a", "absent"])
    yield made.get(ids=["absent"])
    yield attempt(made.get, ids=[])
    yield made.get(limit=2)
    yield made.get(limit=2, offset=2)
    yield made.get(offset=5)
    yield made.get(limit=10, offset=100)
    yield attempt(made.get, limit=0)
    yield refused(made.get, limit=-1)
    yield refused(made.get, offset=-1)
    yield made.peek()
    yield made.peek(limit=2)
    yield attempt(made.get, include=["distances"])
    yield attempt(made.get, include=["nonsense"])
    yield attempt(made.get, include=["data"])
    yield world.server._get(made.id, database=world.database, limit=3)
    yield world.raw("post", f"/collections/{made.id}/get", json={})


def numbers(world: World) -> Iterator[Any]:
    """Values at the edge of what a float32, a double and an int64 hold."""
    tiny, huge = float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max)
    made = world.collection()
    made.add(
        ids=["edge", "zero", "odd"],
        embeddings=np.array([[huge, -huge, tiny], [0.0, -0.0, 1e-45], [0.1, 1 / 3, 16777217]], dtype=np.float32),
    )
    yield made.get(include=["embeddings"])
    yield made.query(query_embeddings=[[0.1, 1 / 3, 16777216.0]], n_results=3, include=["embeddings", "distances"])
    for number, value in enumerate(
        (2**63 - 1, -(2**63), 2**53 + 1, 0, -1, 0.1, 1e308, -1e308, 5e-324, -0.0, 1e16, 1.0, 123456789.123456789)
    ):
        yield attempt(made.upsert, ids=[f"m{number}"], embeddings=[[0, 0, number]], metadatas=[{"value": value}])
        yield made.get(ids=[f"m{number}"])
    for value in (2**63, -(2**63) - 1, 2**64, float("nan"), float("inf")):
        yield attempt(made.upsert, ids=["beyond"], embeddings=[[1, 1, 1]], metadatas=[{"value": value}])
    for vector in ([float("nan"), 0, 0], [float("inf"), 0, 0]):
        yield refused(made.query, query_embeddings=[vector])
    yield made.get(where={"value": {"$gte": 2**53 + 1}})
    yield made.get(where={"value": {"$lt": 1e-300}})
    yield made.get(where={"value": 0.1})
    yield made.get(where={"value": -(2**63)})
    yield made.count()


def texts(world: World) -> Iterator[Any]:
    """Unicode, escapes, long and empty texts come back to the code point."""
    odd = [
        "",
        " ",
        "\n\t\r",
        '"quoted\\"',
        "🐕‍🦺 é e\u0301",
        "\u2028\u2029\ufeff",
        "\x00\x01\x1f\x7f",
        "\U0010ffff",
        "日" * 3000,
    ]
    made = world.collection()
    for number, text in enumerate(odd):
        yield attempt(
            made.add,
            ids=[f"t{number}"],
            embeddings=[[number, 1]],
            documents=[text],
            metadatas=[{"text": text, text or "k": 1}],
        )
        yield attempt(made.add, ids=[text], embeddings=[[number, 2]], uris=[text])
    yield made.get(include=EVERYTHING)
    for text in odd[1:]:
        yield made.get(where={"text": text}, include=["documents"])
        yield made.get(ids=[text])
        yield attempt(made.get, where_document={"$contains": text})
    yield attempt(made.add, ids=["half"], embeddings=[[0, 0]], documents=["\ud83d"])


def metadata(world: World) -> Iterator[Any]:
    made = world.collection()
    for number, value in enumerate(
        (
            {"list": ["a", "b"]},
            {"list": [1, 2**62]},
            {"list": [0.5, -1.0]},
            {"list": [True]},
            {"list": [float(n) for n in range(40)]},
            {"list": list(range(100))},
            {"list": []},
            {"list": [1, "a"]},
            {"list": [1, 2.5]},
            {"nested": {"a": 1}},
            {"list": [[1]]},
            {"none": None},
            {"none": None, "some": 1},
            {"": 1},
            {"chroma:document": "x"},
            {"key" * 100: "v"},
            {f"k{i}": i for i in range(60)},
            {},
            {"sparse": SparseVector(indices=[1, 5], values=[0.5, 0.25])},
            {"sparse": SparseVector(indices=[], values=[])},
            {"date": "2026-01-01", "b": True, "i": 1, "f": 1.0},
        )
    ):
        yield attempt(made.add, ids=[f"m{number}"], embeddings=[[number, 0]], metadatas=[value])
        yield attempt(made.get, ids=[f"m{number}"])
    for key in ("#hash", "$dollar"):
        yield refused(made.add, ids=["reserved"], embeddings=[[0, 0]], metadatas=[{key: 1}])
    yield made.query(query_embeddings=[[0, 0]], n_results=30)
    yield attempt(made.add, ids=["short"], embeddings=[[0, 0]], metadatas=[{"a": 1}, {"a": 2}])
    yield attempt(made.add, ids=["none"], embeddings=[[0, 0]], metadatas=[None])
    yield attempt(made.add, ids=["text"], embeddings=[[0, 0]], metadatas=["text"])


def mistakes(world: World) -> Iterator[Any]:
    """What the client refuses, and what the server refuses when the client is passed by."""
    made = world.filled()
    yield attempt(made.add, ids=["x"], embeddings=[[1.0, 2.0]])
    yield attempt(made.upsert, ids=["x"], embeddings=[[1.0, 2.0, 3.0, 4.0]])
    yield attempt(made.update, ids=["a"], embeddings=[[1.0]])
    yield attempt(made.query, query_embeddings=[[1.0, 2.0]])
    yield attempt(made.add, ids=["x", "x"], embeddings=[[1, 2, 3], [1, 2, 3]])
    yield attempt(made.add, ids=["x"], embeddings=[[1, 2, 3], [1, 2, 3]])
    yield attempt(made.add, ids=["x"], documents=["no function"])
    yield attempt(made.add, ids=["x"])
    yield attempt(made.add, ids=[1], embeddings=[[1, 2, 3]])
    yield attempt(made.add, ids=["x"], embeddings=[["a", "b", "c"]])
    yield attempt(made.add, ids=["x"], embeddings=[[]])
    yield attempt(made.add, ids=[], embeddings=[])
    yield attempt(made.query, query_texts=["no function"])
    yield attempt(made.query, query_embeddings=[[1, 2, 3]], n_results=0)
    yield attempt(made.query, query_embeddings=[[1, 2, 3]], n_results=-1)
    path = f"/collections/{made.id}"
    yield world.raw("post", f"{path}/add", json={"ids": ["x"], "embeddings": [[1, 2]]})
    yield world.raw("post", f"{path}/add", json={"ids": ["x", "x"], "embeddings": [[1, 2, 3], [1, 2, 3]]})
    yield world.raw("post", f"{path}/add", json={"ids": ["x", "y"], "embeddings": [[1, 2, 3]]})
    yield world.raw("post", f"{path}/add", json={"ids": [], "embeddings": []})
    yield world.raw("post", f"{path}/upsert", json={"ids": ["", "a"], "embeddings": [[1, 2, 3], [1, 2, 3]]})
    yield world.raw("post", f"{path}/delete", json={})
    yield world.raw("post", f"{path}/delete", json={"limit": 1})
    yield world.raw("post", f"{path}/query", json={"query_embeddings": [[1, 2, 3]], "n_results": 0})
    yield world.raw("post", f"{path}/query", json={"query_embeddings": []})
    yield world.raw("post", f"{path}/query", json={"query_embeddings": [[]]})
    yield world.raw("post", "/collections", json={"name": "ab"})
    yield world.raw("post", "/collections", json={"name": "has space"})
    yield world.raw("put", path, json={"new_name": "ab"})
    yield world.raw("put", path, json={})
    yield made.count()


def large(world: World) -> Iterator[Any]:
    """Five thousand records of 384 dimensions in one call, as base64."""
    made = world.collection()
    ids = [f"id{number}" for number in range(5000)]
    made.add(
        ids=ids,
        embeddings=vectors(5000, 384),
        documents=[f"document {number} {'x' * (number % 50)}" for number in range(5000)],
        metadatas=[{"n": number, "half": number / 2, "even": number % 2 == 0} for number in range(5000)],
    )
    yield made.count()
    yield made.get(limit=1000, offset=3000, include=["embeddings", "documents", "metadatas"])
    yield made.get(where={"n": {"$gte": 4990}}, include=["embeddings"])
    whole = made.get(include=["embeddings", "metadatas"])
    yield whole["ids"] == ids
    yield whole
    found = made.query(query_embeddings=vectors(3, 384), n_results=1, include=["embeddings", "distances"])
    yield found
    yield made.update(ids=ids[:1500], metadatas=[{"n": -1}] * 1500)
    yield made.delete(where={"n": -1})
    yield made.count()
    yield attempt(made.add, ids=[str(n) for n in range(6000)], embeddings=vectors(6000, 2))


CASES = (add, upsert, update, delete, get, numbers, texts, metadata, mistakes, large)
