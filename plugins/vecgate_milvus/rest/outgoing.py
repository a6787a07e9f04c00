"""Outgoing: the request that is sent, built from the judged call. What is masked is not asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from vecgate.masking.maskset import MaskSet
from vecgate.operations.document import dump
from vecgate.operations.media import JSON
from vecgate.operations.messages import Outgoing, Pairs, Request
from vecgate_milvus.expressions import fields_of
from vecgate_milvus.rest import effects, steering
from vecgate_milvus.rest.call import HEADER, RestCall
from vecgate_milvus.rest.schema import Schema

INT64: Final = "accept-type-allow-int64"
_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_ASKING: Final = {
    "rest entities/query": effects.DEFAULT_OUTPUT,
    "rest entities/get": effects.DEFAULT_OUTPUT,
    "rest entities/search": (),
    "rest entities/hybrid_search": (),
    "rest entities/advanced_search": (),
}


def asks(call: RestCall) -> bool:
    """Records come back."""
    return call.row.operation in _ASKING


def built(request: Request, call: RestCall, masks: MaskSet | None) -> Outgoing:
    """`masks` are those of the collection whose records come back."""
    headers: Pairs = (*JSON, (HEADER, call.database))
    if request.headers.get(INT64, "") in _TRUE:
        headers = (*headers, (INT64, "true"))
    return Outgoing("POST", call.row.path, headers, dump(_document(call, masks)))


def _document(call: RestCall, masks: MaskSet | None) -> dict[str, Any]:
    document: dict[str, Any] = call.document
    if masks is None:
        return document
    # The defaults of another server version must not bring back what was not judged, so they are made explicit.
    names = document.get("outputFields", list(_ASKING[call.row.operation]))
    return {**document, "outputFields": list(dict.fromkeys(_wanted(names, call.schema, masks)))}


def _wanted(names: list[str], schema: Schema | None, masks: MaskSet) -> Iterator[str]:
    if schema is None:
        yield from names
        return
    for name in names:
        if name not in steering.EVERYTHING:
            if _shown(name, schema, masks):
                yield name
        elif masks.fetches_vectors or schema.dynamic:
            yield name  # fields of any name can be asked for by * alone; the answer is masked all the same
        else:
            yield from (known for known in schema.types if _shown(known, schema, masks))


def _shown(name: str, schema: Schema, masks: MaskSet) -> bool:
    if schema.is_vector(name):
        return masks.fetches_vectors
    return not (name in schema.types and masks.strategy(fields_of(name)[0]) == "drop") or name == schema.key
