"""Calls that search and filter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chromadb import K, Knn, Search

from tests.support.parity.world import World, attempt, refused, vectors

CONDITIONS: Any = (
    {"n": 1},
    {"n": {"$eq": 1}},
    {"n": {"$ne": 1}},
    {"n": {"$gt": 1}},
    {"n": {"$gte": 2}},
    {"n": {"$lt": 2}},
    {"n": {"$lte": 2.0}},
    {"score": {"$gt": 0}},
    {"score": 0.5},
    {"live": True},
    {"live": {"$ne": True}},
    {"kind": {"$in": ["animal", "日本"]}},
    {"kind": {"$nin": ["animal"]}},
    {"n": {"$in": [1, 2, 3]}},
    {"score": {"$in": [0.5]}},
    {"live": {"$in": [True, False]}},
    {"tags": {"$contains": "x"}},
    {"tags": {"$not_contains": "x"}},
    {"counts": {"$contains": 2}},
    {"weights": {"$contains": 0.5}},
    {"flags": {"$contains": True}},
    {"name with space": "ä"},
    {"a.b": "dotted"},
    {"absent": "x"},
    {"absent": {"$ne": "x"}},
    {"$and": [{"n": {"$gt": 1}}, {"kind": "animal"}]},
    {"$or": [{"n": 1}, {"kind": "tier"}]},
    {"$and": [{"$or": [{"n": 1}, {"n": 2}]}, {"live": False}]},
    {"$and": [{"n": {"$gt": number}} for number in range(-20, 0)]},
)
WRONG: Any = (
    {},
    {"n": None},
    {"n": {"$regex": "x"}},
    {"n": {"$gt": "text"}},
    {"n": {"$in": []}},
    {"n": {"$in": [1, "a"]}},
    {"n": {"$unknown": 1}},
    {"n": {"$gt": 1, "$lt": 3}},
    {"n": 1, "kind": "animal"},
    {"$and": [{"n": 1}]},
    {"$not": [{"n": 1}]},
    {"$and": {"n": 1}},
    {"n": [1]},
    "text",
    [],
)
TEXTS: Any = (
    {"$contains": "fox"},
    {"$contains": "FOX"},
    {"$contains": "日本語"},
    {"$contains": "%"},
    {"$contains": "_"},
    {"$contains": "absent"},
    {"$not_contains": "the"},
    {"$regex": "qu.ck"},
    {"$regex": "^The"},
    {"$not_regex": "[a-z]+"},
    {"$and": [{"$contains": "the"}, {"$contains": "dog"}]},
    {"$or": [{"$contains": "fox"}, {"$regex": "Hund"}]},
)
WRONG_TEXTS: Any = (
    {},
    {"$contains": ""},
    {"$contains": 1},
    {"$regex": "("},
    {"$regex": ""},
    {"$matches": "x"},
    {"$contains": "a", "$regex": "b"},
    {"$and": [{"$contains": "a"}]},
    {"field": "x"},
    "text",
)


def where(world: World) -> Iterator[Any]:
    made = world.filled()
    for condition in CONDITIONS:
        yield attempt(made.get, where=condition)
        yield attempt(made.query, query_embeddings=vectors(1, 3), n_results=6, where=condition)


def wrong_where(world: World) -> Iterator[Any]:
    made = world.filled()
    for condition in WRONG:
        yield attempt(made.get, where=condition)
        yield refused(world.ask, "post", f"/collections/{made.id}/get", json={"where": condition})
    for condition in WRONG:
        yield attempt(made.delete, where=condition)
    yield made.count()


def where_document(world: World) -> Iterator[Any]:
    made = world.filled()
    for condition in TEXTS:
        yield attempt(made.get, where_document=condition)
        yield attempt(made.query, query_embeddings=vectors(1, 3), n_results=6, where_document=condition)
    yield made.get(where={"n": {"$gt": 0}}, where_document={"$contains": "the"})


def wrong_where_document(world: World) -> Iterator[Any]:
    made = world.filled()
    for condition in WRONG_TEXTS:
        yield attempt(made.get, where_document=condition)
        yield refused(world.ask, "post", f"/collections/{made.id}/get", json={"where_document": condition})
    yield made.count()


def query(world: World) -> Iterator[Any]:
    empty = world.collection("empty")
    yield attempt(empty.query, query_embeddings=[[1.0, 2.0, 3.0]])
    made = world.filled()
    asked = vectors(1, 3, seed=3)
    yield made.query(query_embeddings=asked)
    yield made.query(query_embeddings=asked[0], n_results=2)
    yield made.query(query_embeddings=vectors(4, 3, seed=4), n_results=3)
    yield made.query(query_embeddings=asked.tolist(), n_results=100)
    for include in ([], ["distances"], ["embeddings"], ["uris", "documents"], ["metadatas", "embeddings", "distances"]):
        yield made.query(query_embeddings=asked, n_results=2, include=include)
    yield made.query(query_embeddings=asked, ids=["a", "c"])
    yield attempt(made.query, query_embeddings=asked, ids=["a", "c", "absent"])
    yield made.query(query_embeddings=asked, ids="b")
    yield attempt(made.query, query_embeddings=asked, ids=["absent"])
    yield attempt(made.query, query_embeddings=asked, where={"n": 999})
    yield made.query(query_embeddings=asked, ids=["a", "b"], where={"n": 2}, where_document={"$contains": "dog"})
    yield attempt(made.query, query_embeddings=asked, include=["nonsense"])
    yield attempt(made.query)
    yield attempt(made.query, query_embeddings=[])
    yield made.query(query_embeddings=[[1, 2, 3]], n_results=1)


def spaces(world: World) -> Iterator[Any]:
    for space in ("l2", "cosine", "ip"):
        made = world.filled(f"space_{space}", configuration={"hnsw": {"space": space}})
        yield made.query(query_embeddings=vectors(2, 3, seed=9), n_results=6, include=["distances"])


def search(world: World) -> Iterator[Any]:
    """A single node answers that it does not search; it says so in the same words."""
    made = world.filled()
    plain = Search().rank(Knn(query=[0.1, 0.2, 0.3])).limit(3).select(K.DOCUMENT, K.SCORE, "n")
    yield attempt(made.search, plain)
    yield attempt(made.search, [plain, Search().where(K("n") > 1).limit(2)])
    yield attempt(made.search, plain.where((K("n") > 1) & (K("kind") == "animal")))
    yield attempt(made.search, plain.rank(Knn(query=[0.1, 0.2, 0.3]) * 0.5 + 1))


CASES = (where, wrong_where, where_document, wrong_where_document, query, spaces, search)
