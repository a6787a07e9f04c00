"""Catalogue: replies that name databases and collections, or describe them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from vecgate.errors import Unmaskable
from vecgate.masking.maskset import MaskSet
from vecgate.operations.model import Resource
from vecgate_milvus.calls.schema import part, real_name

_COLLECTIONS: Final = (
    "collection_names",
    "collection_ids",
    "created_timestamps",
    "created_utc_timestamps",
    "inMemory_percentages",
    "query_service_available",
    "shards_num",
)
_DATABASES: Final = ("db_names", "created_timestamp", "db_ids")
FUNCTION_PARAMS: Final = frozenset(
    {
        *("provider", "model_name", "dim", "task", "task_type", "truncate", "truncation", "normalize", "batch_size"),
        *("max_client_batch_size", "bm25_k1", "bm25_b", "num_hashes", "shingle_size", "hash_function", "token_level"),
        *("reranker", "multi_analyzer_params", "analyzer_params"),
    }
)
"""Parameters of a collection's functions that are shown: others may be addresses and credentials."""


def described(reply: Any, judged: Sequence[Resource], database: str) -> Resource:
    """The resource of a description. Raises Unmaskable for one that was not judged."""
    resource = f"{database}/{real_name(reply, reply.collection_name)}"
    if resource not in judged or reply.db_name not in ("", database):
        raise Unmaskable("The database described another collection.")
    for function in reply.schema.functions:
        for index in reversed(range(len(function.params))):
            if function.params[index].key not in FUNCTION_PARAMS:
                del function.params[index]
    return resource


def defaults(schema: Any, masks: MaskSet) -> None:
    """A masked field's default value is what many of its values are."""
    if not masks.fields:
        return
    for path, field in _fields(schema):
        if field.HasField("default_value") and masks.used((path,)) is not None:
            field.ClearField("default_value")


def collections(reply: Any, visible: Callable[[str], bool]) -> None:
    """Raises Unmaskable for lists of different lengths."""
    _filtered(reply, _COLLECTIONS, visible)


def databases(reply: Any, visible: Callable[[str], bool]) -> None:
    """Raises Unmaskable for lists of different lengths."""
    _filtered(reply, _DATABASES, visible)


def _filtered(reply: Any, lists: Sequence[str], visible: Callable[[str], bool]) -> None:
    names = getattr(reply, lists[0])
    seen = [index for index, name in enumerate(names) if visible(name)]
    size = len(names)
    for name in lists:
        held = getattr(reply, name)
        if len(held) not in (0, size):
            raise Unmaskable("A list is not as long as its names.")
        held[:] = [held[index] for index in seen] if held else []


def _fields(schema: Any) -> Iterator[tuple[str, Any]]:
    for field in schema.fields:
        yield field.name, field
    for struct in schema.struct_array_fields:
        for field in struct.fields:
            yield part(struct, field), field
