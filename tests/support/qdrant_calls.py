"""What the tests of Qdrant's gRPC calls share: readings of messages, decisions, replies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.support.qdrant_scene import ALICE, QDRANT, decided, masks
from vecgate.masking.maskset import MaskSet
from vecgate.operations import grpc
from vecgate.operations.dialect import Masked, Reading
from vecgate.operations.messages import GRPC, Request, Target
from vecgate.operations.model import Operation, Resource
from vecgate_qdrant.aliases import KEY
from vecgate_qdrant.descriptors import DESCRIPTORS

__all__ = ["decided", "masks"]


def request(call: str, message: Any = None) -> Request:
    """`call` is `Points/Search`; `message` is proto3 JSON, bytes or a message."""
    service, _, name = call.partition("/")
    service = "grpc.health.v1.Health" if service == "Health" else f"qdrant.{service}"
    if isinstance(message, bytes):
        body = message
    elif message is None or isinstance(message, dict):
        body = DESCRIPTORS.made(f"/{service}/{name}", message or {})
    else:
        body = message.SerializeToString()
    return Request(GRPC, Target((service, name)), {}, body)


def reading(call: str, message: Any = None, **aliases: str) -> Reading:
    """A bound reading; `aliases` are those that the database has."""
    return QDRANT.bind(QDRANT.read(request(call, message)), {KEY: aliases})


def judged(call: str, message: Any = None, **aliases: str) -> tuple[Operation, ...]:
    return reading(call, message, **aliases).operations


def made(name: str, document: Mapping[str, Any] | None = None) -> Any:
    """A message from its fields."""
    return DESCRIPTORS.type(f"qdrant.{name}")(**(document or {}))


def masked(
    read: Reading,
    mask: MaskSet,
    reply: Any,
    visible: Callable[[Resource], bool] = lambda resource: True,
    **others: MaskSet,
) -> Masked:
    answer = grpc.answered(reply.SerializeToString())
    return QDRANT.mask(read, decided(mask, visible, **others), ALICE, answer)


def shown(read: Reading, mask: MaskSet, reply: Any, **more: Any) -> Any:
    """The reply that the caller gets."""
    return DESCRIPTORS.reply("/" + "/".join(read.request.target.segments), masked(read, mask, reply, **more).answer)


def sent(read: Reading, mask: MaskSet, **others: MaskSet) -> Any:
    """The message that the database gets."""
    outgoing = QDRANT.rewrite(read, decided(mask, lambda resource: True, **others))
    return DESCRIPTORS.read(outgoing.path, outgoing.body)
