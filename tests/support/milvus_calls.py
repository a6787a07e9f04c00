"""What the tests of Milvus' gRPC calls share: one schema, readings of messages, decisions, replies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from vecgate.config.models import MaskRule
from vecgate.identity.principal import Principal
from vecgate.masking.masker import Masker
from vecgate.masking.maskset import MaskSet
from vecgate.operations import grpc
from vecgate.operations.dialect import Masked, Reading
from vecgate.operations.messages import GRPC, Answer, Request, Target
from vecgate.operations.model import Operation, Resource
from vecgate.policy.decision import Decision, Verdict
from vecgate.reasons import Reason
from vecgate_milvus import MilvusDialect
from vecgate_milvus.collection import Collection
from vecgate_milvus.descriptors import DESCRIPTORS

MILVUS: Final = MilvusDialect()
SERVICE: Final = "milvus.proto.milvus.MilvusService"
ALICE: Final = Principal("https://idp.example/", "alice")
MASKER: Final = Masker(bytes(32))
OPEN: Final = MaskSet.combine([], vectors_open=True, masker=MASKER)
CLOSED: Final = MaskSet.closed()
KB: Final = Collection(
    "default/kb",
    key="id",
    scalars=("id", "title", "ssn", "meta", "people[name]"),
    vectors=frozenset({"dense", "words", "people[face]"}),
    dynamic=True,
    texts={"words": ("body",)},
)


def masks(
    fields: Mapping[str, str] | None = None, *, vectors: str | None = "drop", scores: str | None = None
) -> MaskSet:
    rule = MaskRule(name="rule", vectors=vectors, scores=scores, fields=dict(fields or {}))
    return MaskSet.combine([rule], vectors_open=True, masker=MASKER)


def decided(mask: MaskSet = CLOSED, visible: Callable[[Resource], bool] = lambda resource: True) -> Decision:
    return Decision(Verdict.ALLOW, Reason.GRANTED, visible=visible, masks_for=lambda resource: mask)


def request(method: str, message: Any = None, metadata: Mapping[str, str] | None = None) -> Request:
    """`method` is of the main service, or `package.Service/Method`; `message` is proto3 JSON, bytes or a message."""
    service, _, name = (method if "/" in method else f"{SERVICE}/{method}").partition("/")
    if isinstance(message, bytes):
        body = message
    elif message is None or isinstance(message, dict):
        body = DESCRIPTORS.made(f"/{service}/{name}", message or {})
    else:
        body = message.SerializeToString()
    return Request(GRPC, Target((service, name)), dict(metadata or {}), body)


def unbound(method: str, message: Any = None, metadata: Mapping[str, str] | None = None) -> Reading:
    return MILVUS.read(request(method, message, metadata))


def reading(method: str, message: Any = None, **found: Any) -> Reading:
    """A reading whose look-ups found what `found` says by name, else the collection `kb` with its schema."""
    read = unbound(method, message)
    return MILVUS.bind(read, {lookup.key: found.get(lookup.name, KB) for lookup in MILVUS.lookups(read)})


def judged(method: str, message: Any = None, **found: Any) -> Operation:
    """The only operation of a call."""
    (operation,) = reading(method, message, **found).operations
    return operation


def made(name: str, /, **fields: Any) -> Any:
    """A message of `milvus.proto`, by its name within: `milvus.SearchResults`, `schema.FieldData`."""
    return DESCRIPTORS.type(f"milvus.proto.{name}")(**fields)


def pairs(**values: Any) -> list[dict[str, str]]:
    return [{"key": key, "value": str(value)} for key, value in values.items()]


def masked(read: Reading, mask: MaskSet, reply: Any, **more: Any) -> Masked:
    body = reply if isinstance(reply, bytes) else reply.SerializeToString()
    return MILVUS.mask(read, decided(mask, **more), ALICE, grpc.answered(body))


def shown(read: Reading, mask: MaskSet, reply: Any, **more: Any) -> Any:
    """The reply that the caller gets."""
    return replied(read, masked(read, mask, reply, **more).answer)


def replied(read: Reading, answer: Answer) -> Any:
    return DESCRIPTORS.reply("/" + "/".join(read.request.target.segments), answer)


def sent(read: Reading, mask: MaskSet = CLOSED) -> Any:
    """The message that the database gets."""
    outgoing = MILVUS.rewrite(read, decided(mask))
    return DESCRIPTORS.read(outgoing.path, outgoing.body)


def column(name: str, kind: str, values: Any, number: int = 0, **more: Any) -> Any:
    """A column of scalars, `kind` being the member of `ScalarField`."""
    made_column = made("schema.FieldData", field_name=name, type=number, **more)
    getattr(made_column.scalars, kind).data.extend(values)
    return made_column


def vectors(name: str, kind: str, values: Any, dimension: int, number: int = 101) -> Any:
    made_column = made("schema.FieldData", field_name=name, type=number)
    made_column.vectors.dim = dimension
    match kind:
        case "float_vector":
            made_column.vectors.float_vector.data.extend(values)
        case "sparse_float_vector":
            made_column.vectors.sparse_float_vector.contents.extend(values)
        case "vector_array":
            made_column.vectors.vector_array.data.extend(values)
        case _:
            setattr(made_column.vectors, kind, values)
    return made_column
