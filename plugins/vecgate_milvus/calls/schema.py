"""Schema: what a collection's fields are, as the database describes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from vecgate.errors import Unmaskable
from vecgate.operations.messages import Answer
from vecgate.operations.model import Resource
from vecgate_milvus import names
from vecgate_milvus.calls import status
from vecgate_milvus.collection import Collection
from vecgate_milvus.descriptors import DESCRIPTORS

DESCRIBE: Final = "/milvus.proto.milvus.MilvusService/DescribeCollection"
VECTORS: Final = frozenset({100, 101, 102, 103, 104, 105, 106})
"""Numbers of the data types that are vectors: 106 is an array of them."""
FROM_WORDS: Final = frozenset({1, 4, 5})
"""Numbers of the functions (BM25, MinHash, MolFingerprint) whose output finds the words of their input."""
OUTSIDE: Final = frozenset({0, 2, 3})
"""Numbers of the functions that call a model, and of those that say not what they are."""

_KINDS: Final = frozenset({*range(1, 6), 10, 11, *range(20, 32), *VECTORS})


def learnt(answer: Answer, written: Resource) -> Collection | None:
    """What a description says of a name, None for the database's own "not found". Raises Unmaskable."""
    if answer.header("grpc-status") != "0":
        raise Unmaskable("The database did not say what a name stands for.")
    reply: Any = DESCRIPTORS.reply(DESCRIBE, answer)
    if status.failed(reply.status):
        if status.not_found(reply.status):
            return None
        raise Unmaskable("The database did not say what a name stands for.")
    database, _, name = written.partition("/")
    real = real_name(reply, name)
    if reply.db_name not in ("", database):
        raise Unmaskable("The database described a collection of another database.")
    if real == name and name in reply.aliases:
        raise Unmaskable("The database did not say what an alias stands for.")
    return collection(f"{database}/{real}", reply.schema)


def real_name(reply: Any, asked: str) -> str:
    """The collection's own name in a description: its schema's. Outside of it newer servers repeat what was asked for.

    Raises Unmaskable."""
    name: str = reply.schema.name or reply.collection_name
    if reply.collection_name not in ("", asked, name) or not names.is_name(name):
        raise Unmaskable("The database described a collection without a proper name.")
    return name


def collection(resource: Resource, schema: Any) -> Collection:
    """Raises Unmaskable for a field of an unknown type: it could be a vector's."""
    vectors = frozenset(_vectors(schema))
    texts: dict[str, tuple[str, ...]] = {}
    for function in schema.functions:
        if function.type in FROM_WORDS:
            texts |= dict.fromkeys(function.output_field_names, tuple(function.input_field_names))
    return Collection(
        resource,
        key=next((field.name for field in schema.fields if field.is_primary_key), ""),
        scalars=tuple(_scalars(schema)),
        vectors=vectors,
        dynamic=schema.enable_dynamic_field,
        texts=texts,
    )


def part(struct: Any, field: Any) -> str:
    """A struct array's field as requests name it."""
    return field.name if "[" in field.name else f"{struct.name}[{field.name}]"


def _vectors(schema: Any) -> Iterator[str]:
    for field in schema.fields:
        if field.data_type not in _KINDS:
            raise Unmaskable("A field is of an unknown type.")
        if field.data_type in VECTORS:
            yield field.name
    for struct in schema.struct_array_fields:
        yield from (part(struct, field) for field in struct.fields if _hides(field))


def _scalars(schema: Any) -> Iterator[str]:
    for field in schema.fields:
        if field.data_type not in VECTORS and not field.is_dynamic:
            yield field.name
    for struct in schema.struct_array_fields:
        if any(map(_hides, struct.fields)):
            yield from (part(struct, field) for field in struct.fields if not _hides(field))
        else:
            yield struct.name


def _hides(field: Any) -> bool:
    return field.data_type in VECTORS or field.element_type in VECTORS
