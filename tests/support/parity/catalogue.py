"""Calls about the service, tenants, databases and collections."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from chromadb.api.models.Collection import Collection
from chromadb.api.types import Documents, EmbeddingFunction, Embeddings, Space
from chromadb.utils.embedding_functions import register_embedding_function

from tests.support.parity.world import World, attempt, refused, vectors


@register_embedding_function
class Lengths(EmbeddingFunction[Documents]):
    """An embedding function that a collection's configuration can name: texts by their length."""

    def __init__(self, factor: float = 1.0, api_base_url: str = "https://embed.example/v1") -> None:
        self.factor, self.api_base_url = factor, api_base_url

    def __call__(self, input: Documents) -> Embeddings:  # noqa: A002 - the protocol names it
        return [vectors(1, 3, seed=len(text))[0] * self.factor for text in input]

    @staticmethod
    def name() -> str:
        return "parity_lengths"

    def default_space(self) -> Space:
        return "ip"

    def supported_spaces(self) -> list[Space]:
        return ["ip", "l2", "cosine"]

    @staticmethod
    def build_from_config(config: dict[str, Any]) -> EmbeddingFunction[Documents]:
        return Lengths(config["factor"], config["api_base_url"])

    def get_config(self) -> dict[str, Any]:
        return {"factor": self.factor, "api_base_url": self.api_base_url}


def by_name(collections: Sequence[Collection]) -> list[Collection]:
    """A server lists in the order of the UUIDs that it made."""
    return sorted(collections, key=lambda one: one.name)


def service(world: World) -> Iterator[Any]:
    yield type(world.client.heartbeat())
    yield world.client.get_version()
    yield world.client.get_max_batch_size()
    yield world.server.get_pre_flight_checks()
    yield world.server.supports_base64_encoding()
    yield world.client.get_settings().chroma_server_api_default_path


def databases(world: World) -> Iterator[Any]:
    name = f"more_{world.database}"
    yield world.admin.create_database(name)
    yield attempt(world.admin.create_database, name)
    yield world.admin.get_database(name)
    yield name in [one["name"] for one in world.admin.list_databases(limit=1000)]
    yield len(world.admin.list_databases(limit=1))
    yield len(world.admin.list_databases(limit=1, offset=1))
    yield world.admin.delete_database(name)
    yield attempt(world.admin.delete_database, name)
    yield attempt(world.admin.get_database, name)
    yield attempt(world.connect, database=name)
    yield attempt(world.admin.create_database, "ab")
    yield refused(world.admin.create_database, "")


def tenants(world: World) -> Iterator[Any]:
    tenant = f"tenant_{world.database}"
    yield world.admin.create_tenant(tenant)
    yield attempt(world.admin.create_tenant, tenant)
    yield world.admin.get_tenant(tenant)
    yield attempt(world.admin.get_tenant, "no_such_tenant")
    yield world.admin.list_databases(tenant=tenant)
    yield world.admin.create_database("inner", tenant=tenant)
    yield world.admin.list_databases(tenant=tenant)
    client = world.connect(tenant=tenant, database="inner")
    yield client.create_collection("within", embedding_function=None)
    yield client.list_collections()
    yield attempt(client.set_database, "absent")
    yield attempt(client.set_tenant, "absent")
    yield client.set_tenant("default_tenant", world.database)
    yield client.list_collections()
    yield world.admin.delete_database("inner", tenant=tenant)
    yield attempt(world.admin.get_database, "inner", tenant=tenant)
    yield refused(world.admin.create_tenant, "ab")
    yield attempt(world.admin.create_database, "inner", tenant="no_such_tenant")
    yield attempt(world.admin.list_databases, tenant="no_such_tenant")


def create_and_get(world: World) -> Iterator[Any]:
    yield by_name(world.client.list_collections())
    yield world.client.count_collections()
    made = world.collection("first", metadata={"a": 1, "b": 0.5, "c": "ü", "d": True})
    yield made
    yield attempt(world.collection, "first")
    yield world.client.get_collection("first", embedding_function=None)
    yield world.client.get_collection_by_id(made.id, embedding_function=None)
    yield made == world.client.get_collection("first", embedding_function=None)
    yield made.tenant
    yield attempt(world.client.get_collection, "absent", embedding_function=None)
    yield attempt(world.client.get_collection_by_id, uuid.UUID(int=4711), embedding_function=None)
    yield world.collection("second")
    yield by_name(world.client.list_collections())
    yield len(world.client.list_collections(limit=1))
    yield len(world.client.list_collections(limit=5, offset=1))
    yield world.client.list_collections(offset=9)
    yield world.client.count_collections()
    yield world.client.delete_collection("first")
    yield attempt(world.client.delete_collection, "first")
    yield attempt(made.count)
    yield attempt(made.get)
    yield attempt(made.add, ids=["a"], embeddings=[[1.0, 2.0]])
    yield attempt(made.query, query_embeddings=[[1.0, 2.0]])
    yield attempt(made.delete, ids=["a"])
    yield attempt(made.modify, name="third")
    yield world.client.count_collections()


def get_or_create(world: World) -> Iterator[Any]:
    made = world.client.get_or_create_collection("thing", embedding_function=None, metadata={"v": 1})
    yield made
    again = world.client.get_or_create_collection("thing", embedding_function=None, metadata={"v": 2})
    yield again
    yield again.id == made.id
    yield world.client.create_collection("thing", embedding_function=None, get_or_create=True)
    yield world.client.get_or_create_collection("thing", embedding_function=None)
    yield world.client.get_collection("thing", embedding_function=None).metadata
    yield world.client.count_collections()
    world.client.delete_collection("thing")
    anew = world.client.get_or_create_collection("thing", embedding_function=None, metadata={"v": 3})
    yield anew
    yield anew.id == made.id


def modify(world: World) -> Iterator[Any]:
    made = world.filled("before", metadata={"a": 1})
    yield made.modify(name="after_it")
    yield made
    yield made.count()
    yield attempt(world.client.get_collection, "before", embedding_function=None)
    yield made.modify(metadata={"b": "two", "c": 0.25})
    yield world.client.get_collection("after_it", embedding_function=None)
    yield made.modify(name="once_more", metadata={"d": False})
    yield world.client.get_collection("once_more", embedding_function=None)
    yield made.modify(configuration={"hnsw": {"ef_search": 55, "num_threads": 2}})
    yield world.client.get_collection("once_more", embedding_function=None).configuration
    yield attempt(made.modify, metadata={"hnsw:space": "cosine"})
    yield attempt(made.modify, name="x")
    yield attempt(made.modify, metadata={})
    world.collection("taken")
    yield attempt(made.modify, name="taken")
    yield by_name(world.client.list_collections())


def configurations(world: World) -> Iterator[Any]:
    for number, configuration in enumerate(
        (
            {"hnsw": {"space": "cosine"}},
            {"hnsw": {"space": "ip", "ef_construction": 120, "max_neighbors": 20, "ef_search": 50}},
            {"hnsw": {"batch_size": 50, "sync_threshold": 500, "resize_factor": 1.5, "num_threads": 3}},
            {"spann": {"space": "l2", "search_nprobe": 32}},
            {"hnsw": {"batch_size": 500, "sync_threshold": 50}},
            {"hnsw": {"space": "l2"}, "spann": {"space": "l2"}},
        )
    ):
        yield attempt(world.collection, f"configured_{number}", configuration=configuration)
    yield refused(world.collection, "wrong_space", configuration={"hnsw": {"space": "no_such_space"}})
    yield refused(world.collection, "wrong_size", configuration={"hnsw": {"ef_search": -1}})
    for number, metadata in enumerate(
        ({"hnsw:space": "cosine"}, {"hnsw:space": "ip", "hnsw:M": 8}, {"hnsw:space": "nonsense"}, {"hnsw:what": 1})
    ):
        yield attempt(world.collection, f"legacy_{number}", metadata=metadata)
    yield by_name(world.client.list_collections())


def embedding_functions(world: World) -> Iterator[Any]:
    function = Lengths(2.0)
    made = world.client.create_collection("embedded", embedding_function=function)
    yield made
    made.add(ids=["a", "b"], documents=["one", "three"])
    yield made.get(include=["embeddings"])
    yield made.query(query_texts=["seven"], n_results=1)
    found = world.client.get_collection("embedded", embedding_function=function)
    yield found
    yield by_name(world.client.list_collections())
    yield [attempt(one.query, query_texts=["seven"]) for one in by_name(world.client.list_collections())]
    yield attempt(world.client.get_collection, "embedded")
    yield world.client.get_or_create_collection("embedded", embedding_function=Lengths(2.0))
    made.update(ids=["a"], documents=["another"])
    made.upsert(ids=["c"], documents=["text"])
    yield made.get(include=["embeddings", "documents"])


def names(world: World) -> Iterator[Any]:
    for name in ("abc", "a.b-c_d", "x" * 512, "UPPER", "upper", "0digits9"):
        yield attempt(world.collection, name)
        yield attempt(world.client.get_collection, name, embedding_function=None)
    for name in ("ab", "has space", "-dash", "dash-", "ünicode", "dots..dots", "192.168.1.1"):
        yield attempt(world.collection, name)
    for name in ("", "x" * 513):
        yield refused(world.collection, name)
    for name in (
        "has space",
        "ünicode",
        "per%cent",
        "plus+plus",
        "amp&ersand",
        "quo'te",
        "@at",
        "ti~lde",
    ):
        yield attempt(world.client.get_collection, name, embedding_function=None)
        yield attempt(world.client.delete_collection, name)
    yield by_name(world.client.list_collections())


def unsupported(world: World) -> Iterator[Any]:
    """What a single node does not do, it says in the same words."""
    made = world.filled()
    yield attempt(made.fork, "forked")
    yield attempt(made.fork_count)
    yield attempt(made.get_indexing_status)
    yield attempt(made.attach_function, "record_counter", "counting", "counted")
    yield attempt(made.get_attached_function, "counting")
    yield attempt(made.detach_function, "counting")


CASES = (
    service,
    databases,
    tenants,
    create_and_get,
    get_or_create,
    modify,
    configurations,
    embedding_functions,
    names,
    unsupported,
)
