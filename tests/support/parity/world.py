"""A world: a client with full rights on an empty database, direct or through the gateway. What it sees compares."""

from __future__ import annotations

import dataclasses
import hashlib
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import numpy as np
from chromadb.api.models.Collection import Collection

from tests.support.chroma_clients import admin_client, http_client

type Case = Callable[[World], Iterator[Any]]

_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


class World:
    """Where a case plays. A case yields what it sees; both worlds must show the same.

    Clients are `Any`: their annotations are narrower than what they take, and cases try what they do not take.
    """

    def __init__(self, address: str, database: str, headers: Mapping[str, str]) -> None:
        self.address, self.headers, self.database = address, headers, database
        self.admin: Any = admin_client(address, headers)
        self.admin.create_database(database)
        self.client = self.connect()

    def connect(self, **more: Any) -> Any:
        """A new client of the same person."""
        return http_client(self.address, self.headers, **{"database": self.database} | more)

    def close(self) -> None:
        self.admin.delete_database(self.database)

    @property
    def server(self) -> Any:
        """The client's own transport, below its validation: what the server itself says to bad requests."""
        return self.client._server

    def ask(self, method: str, path: str, **body: Any) -> Any:
        """One request of the client's transport, under the database's path."""
        return self.server._make_request(method, f"/tenants/default_tenant/databases/{self.database}{path}", **body)

    def raw(self, method: str, path: str, **body: Any) -> Any:
        """The same: the answer, or what the client raises."""
        return attempt(self.ask, method, path, **body)

    def collection(self, name: str = "things", **more: Any) -> Any:
        return self.client.create_collection(name, **{"embedding_function": None} | more)

    def filled(self, name: str = "things", **more: Any) -> Any:
        """Six records in three dimensions, with every kind of metadata and one without any."""
        made = self.collection(name, **more)
        made.add(ids=IDS, embeddings=vectors(len(IDS), 3), documents=DOCUMENTS, metadatas=METADATAS, uris=URIS)
        return made


IDS = ["a", "b", "c", "d", "e", "f"]
DOCUMENTS: Any = [
    "The quick brown fox",
    "jumps over the lazy dog",
    "ÜBER den faulen Hund 🐕",
    "日本語のテキスト",
    "percent % and under_score",
    None,
]
METADATAS: Any = [
    {"n": 1, "kind": "animal", "score": 0.5, "live": True},
    {"n": 2, "kind": "animal", "score": -1.25, "live": False},
    {"n": 3, "kind": "tier", "tags": ["x", "y"], "name with space": "ä"},
    {"n": -4, "kind": "日本", "weights": [0.5, 1.5], "counts": [1, 2, 3]},
    {"n": 5, "flags": [True, False], "a.b": "dotted"},
    None,
]
URIS: Any = ["https://a.example/1", None, "file:///tmp/x?y=1", None, None, "s3://bucket/key"]


def vectors(count: int, dimension: int, seed: int = 7) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.random.default_rng(seed).standard_normal((count, dimension), dtype=np.float32)


@dataclasses.dataclass(frozen=True)
class Raised:
    """An error as the client's user sees it."""

    kind: str
    text: str
    traced: bool


def attempt(call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """What a call returns, or the error that it raises."""
    try:
        return call(*arguments, **named)
    except Exception as error:
        kind = f"{type(error).__module__}.{type(error).__qualname__}"
        return Raised(kind, str(error), getattr(error, "trace_id", None) is not None)


def refused(call: Callable[..., Any], *arguments: Any, **named: Any) -> bool:
    """Whether a call fails as it should: for what the gateway refuses before the server can, in words of its own.

    Either is a ChromaError, but the server tells bodies that it cannot read from those it will not have.
    """
    shown = attempt(call, *arguments, **named)
    return isinstance(shown, Raised) and shown.kind.startswith("chromadb.errors.")


def seen(value: Any) -> Any:
    """A value with its exact types and bits, without the UUIDs that every server makes for itself."""
    match value:
        case Raised():
            return {"raised": value.kind, "text": _UUID.sub("<uuid>", value.text), "traced": value.traced}
        case Collection():
            return {
                "model": seen(value.get_model().model_dump()),
                "built": seen(attempt(getattr, value, "configuration")),
            }
        case np.ndarray():
            array = np.ascontiguousarray(value)
            shown = array.tolist() if array.size <= 64 else hashlib.sha256(array.tobytes()).hexdigest()
            return {"array": str(array.dtype), "shape": array.shape, "values": seen(shown)}
        case UUID():
            return "<uuid>"
        case str():
            return _UUID.sub("<uuid>", value)
        case bool() | int() | None:
            return (type(value).__name__, value)
        case float():
            return ("float", "nan" if math.isnan(value) else value.hex())
        case Mapping():
            return {str(name): seen(member) for name, member in value.items()}
        case Sequence() | set() | frozenset():
            return [seen(member) for member in value]
        case _ if hasattr(value, "__dict__"):
            members = {name: seen(member) for name, member in vars(value).items() if not name.startswith("_")}
            return {"type": type(value).__name__, **members}
        case _:
            return {"type": type(value).__name__}


def played(case: Case, world: World) -> list[Any]:
    """Everything that a case sees in a world."""
    return [seen(step) for step in case(world)]
