"""What the tests of Weaviate's gRPC calls share: requests from proto3 JSON, readings with names resolved, replies."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from vecgate.config.models import MaskRule
from vecgate.masking.masker import Masker
from vecgate.masking.maskset import MaskSet
from vecgate.operations import grpc
from vecgate.operations.dialect import Masked, Reading
from vecgate.operations.messages import GRPC, Answer, Request, Target
from vecgate.operations.model import Operation, Resource
from vecgate.policy.decision import Decision, Verdict
from vecgate.reasons import Reason
from vecgate_weaviate import calls
from vecgate_weaviate.descriptors import DESCRIPTORS
from vecgate_weaviate.known import Collection, Known

SERVICE: Final = "weaviate.v1.Weaviate"
MASKER: Final = Masker(bytes(32))
OPEN: Final = MaskSet.combine([], vectors_open=True, masker=MASKER)
UUID: Final = "c14de12b-166a-45bd-bb64-44a0b48b93f6"
OTHER: Final = "ffffffff-166a-45bd-bb64-44a0b48b93f6"
FLOATS: Final = [0.125, 0.625, 0.25]
VECTOR: Final = np.array(FLOATS, "<f4").tobytes()
PACKED: Final = base64.b64encode(VECTOR).decode()
NEAR: Final = {"vectors": [{"vector_bytes": PACKED}]}
EQUAL: Final = {"operator": "OPERATOR_EQUAL", "value_text": "x"}


def masks(
    fields: Mapping[str, str] | None = None, *, vectors: str | None = "drop", scores: str | None = None
) -> MaskSet:
    rule = MaskRule(name="rule", vectors=vectors, scores=scores, fields=dict(fields or {}))
    return MaskSet.combine([rule], vectors_open=True, masker=MASKER)


def decided(
    mask: MaskSet, others: Mapping[str, MaskSet] | None = None, visible: Callable[[Resource], bool] = lambda name: True
) -> Decision:
    """A decision with these masks; `others` are those of other collections."""
    known = others or {}
    return Decision(Verdict.ALLOW, Reason.GRANTED, visible=visible, masks_for=lambda name: known.get(name, mask))


def request(method: str, message: Mapping[str, Any] | bytes, service: str = SERVICE) -> Request:
    path = f"/{service}/{method}"
    body = message if isinstance(message, bytes) else DESCRIPTORS.made(path, message)
    return Request(GRPC, Target((service, method)), {}, body)


def clause(path: Any, **more: Any) -> dict[str, Any]:
    """A filter: of a property, of `on` where the path is a list, else of a target."""
    if isinstance(path, list):
        return {**EQUAL, "on": path, **more}
    return {**EQUAL, "target": {"property": path} if isinstance(path, str) else path, **more}


def both(*clauses: Mapping[str, Any], operator: str = "AND") -> dict[str, Any]:
    return {"operator": f"OPERATOR_{operator}", "filters": list(clauses)}


def single(reference: str, inner: Any) -> dict[str, Any]:
    """A target behind a reference that leads into one collection."""
    return {"single_target": {"on": reference, "target": {"property": inner} if isinstance(inner, str) else inner}}


def multi(reference: str, collection: str, inner: Any) -> dict[str, Any]:
    target = {"property": inner} if isinstance(inner, str) else inner
    return {"multi_target": {"on": reference, "target_collection": collection, "target": target}}


def reply(name: str, **fields: Any) -> Any:
    return DESCRIPTORS.type(f"weaviate.v1.{name}")(**fields)


def found(*objects: Mapping[str, Any], collection: str = "Docs", vectors: bool = True, **metadata: Any) -> Any:
    """The reply of a search: the objects' properties are texts, integers, or whatever a function puts in."""
    answer = reply("SearchReply")
    for at, properties in enumerate(objects):
        put(answer.results.add(), properties, at, collection, vectors, metadata)
    return answer


def put(
    result: Any, properties: Mapping[str, Any], at: int, collection: str, vectors: bool, metadata: Mapping[str, Any]
) -> None:
    result.properties.target_collection = collection
    for name, value in properties.items():
        kept = result.properties.non_ref_props.fields[name]
        if callable(value):
            value(kept)
        else:
            setattr(kept, "int_value" if type(value) is int else "text_value", value)
    told(result.metadata, at, vectors, metadata)


def told(stored: Any, at: int = 0, vectors: bool = True, metadata: Mapping[str, Any] | None = None) -> None:
    """Metadata with everything in it."""
    stored.id = UUID
    stored.id_as_bytes = bytes.fromhex(UUID.replace("-", ""))
    for name in ("distance", "certainty", "score", "rerank_score"):
        setattr(stored, name, 0.25 + at)
        setattr(stored, f"{name}_present", True)
    stored.explain_score, stored.explain_score_present = "canary-explained", True
    if vectors:
        stored.vector.extend(FLOATS)
        stored.vector_bytes = VECTOR
        stored.vectors.add(name="title", vector_bytes=VECTOR, type=1)
        stored.vectors.add(name="many", vector_bytes=b"\3\0" + VECTOR + VECTOR, type=2)
    for name, value in (metadata or {}).items():
        setattr(stored, name, value)


TITLED: Final[dict[str, tuple[str, ...]]] = {"title": (), "home": (), "home.town": ()}
KNOWN: Final = Known(
    {"Kb": "Docs", "Hidden": "Secret"},
    {
        "Docs": Collection({"author": ("Person",), "about": ("Docs", "Secret"), "self": ("Docs",), **TITLED}),
        "Person": Collection({"employer": ("Secret",)}),
        "Secret": Collection(),
        "Rooms": Collection({"author": ("Person",), "next": ("Rooms",), **TITLED}, tenants=True, makes_tenants=True),
    },
)
"""Aliases and references of a database: `Docs` leads to `Person`, and that to `Secret`."""


def reading(method: str, message: Mapping[str, Any] | bytes, known: Known | None = KNOWN) -> Reading:
    """With what is known of names; None before anything is."""
    read = calls.read(request(method, message))
    return read if known is None else calls.judged(read.request, read.detail.row, read.document, known)


def operations(method: str, message: Mapping[str, Any], known: Known | None = KNOWN) -> tuple[Operation, ...]:
    return reading(method, message, known).operations


def masked(read: Reading, decision: Decision | MaskSet, answer: Any) -> Masked:
    """`answer` is a reply, or an Answer as it is."""
    chosen = decided(decision) if isinstance(decision, MaskSet) else decision
    return calls.mask(read, chosen, answer if isinstance(answer, Answer) else grpc.answered(answer.SerializeToString()))


def shown(read: Reading, decision: Decision | MaskSet, answer: Any) -> Any:
    """The reply as the client gets it."""
    return DESCRIPTORS.reply(read.detail.row.path, masked(read, decision, answer).answer)


def sent(read: Reading, decision: Decision | MaskSet) -> Any:
    """The message that goes upstream."""
    outgoing = calls.rewrite(read, decided(decision) if isinstance(decision, MaskSet) else decision)
    return DESCRIPTORS.read(outgoing.path, outgoing.body)
