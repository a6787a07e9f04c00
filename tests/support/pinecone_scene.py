"""What the tests of the Pinecone dialect share: readings of requests on either wire, decisions, answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from vecgate.config.models import MaskRule
from vecgate.errors import Refusal
from vecgate.identity.principal import Principal
from vecgate.masking.masker import Masker
from vecgate.masking.maskset import MaskSet
from vecgate.operations import grpc
from vecgate.operations.dialect import Masked, Reading
from vecgate.operations.messages import GRPC, Answer, Request, Target
from vecgate.operations.model import Operation, Resource
from vecgate.operations.site import Site
from vecgate.operations.target import parse
from vecgate.policy.decision import Decision, Verdict
from vecgate.reasons import Reason
from vecgate_pinecone import PineconeDialect
from vecgate_pinecone.descriptors import DESCRIPTORS
from vecgate_pinecone.table import TABLE

PINECONE: Final = PineconeDialect()
SITE: Final = Site(
    connection="docs", address="gate:6010", index="docs", others={"docs": "gate:6010", "plain": "http://gate:6011"}
)
ALICE: Final = Principal("https://idp.example/", "alice")
MASKER: Final = Masker(bytes(32))
OPEN: Final = MaskSet.combine([], vectors_open=True, masker=MASKER)
VERSION: Final = "x-pinecone-api-version"


def masks(
    fields: Mapping[str, str] | None = None, *, vectors: str | None = "drop", scores: str | None = None
) -> MaskSet:
    rule = MaskRule(name="rule", vectors=vectors, scores=scores, fields=dict(fields or {}))
    return MaskSet.combine([rule], vectors_open=True, masker=MASKER)


def decided(mask: MaskSet, visible: Callable[[Resource], bool] = lambda resource: True) -> Decision:
    return Decision(Verdict.ALLOW, Reason.GRANTED, visible=visible, masks_for=lambda resource: mask)


def request(route: str, body: Any = None, *, site: Site = SITE, **headers: str) -> Request:
    """Of a route, `POST /query`, and a document, or bytes as they are."""
    method, target = route.split(" ", 1)
    raw = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(method, parse(target, TABLE.repeatable), {"content-type": "application/json"} | named, raw, site)


def reading(route: str, body: Any = None, **more: Any) -> Reading:
    return PINECONE.read(request(route, body, **more))


def called(call: str, **document: Any) -> Reading:
    """The reading of a gRPC call, its message given as proto3 JSON."""
    return sent_as(call, DESCRIPTORS.made(f"/VectorService/{call}", document))


def sent_as(call: str, message: bytes) -> Reading:
    return PINECONE.read(Request(GRPC, Target(("VectorService", call)), {}, message, SITE))


def operations(route: str, body: Any = None, **more: Any) -> tuple[Operation, ...]:
    return reading(route, body, **more).operations


def records(*lines: Any) -> bytes:
    return b"".join(msgspec.json.encode(line) + b"\n" for line in lines)


def texts(*lines: Any, namespace: str = "kb") -> Reading:
    """An upsert of NDJSON."""
    route = f"POST /records/namespaces/{namespace}/upsert"
    return reading(route, records(*lines), content_type="application/x-ndjson")


def refusal(route: str, body: Any = None, **more: Any) -> Reason:
    try:
        found = reading(route, body, **more)
    except Refusal as refused:
        return refused.reason
    raise AssertionError(f"read as {found.operations}")


def answer(document: Any, status: int = 200, content_type: str = "application/json") -> Answer:
    body = document if isinstance(document, bytes) else msgspec.json.encode(document)
    return Answer(status, (("content-type", content_type),), body)


def masked(asked: Reading, decision: Decision | MaskSet, document: Any, **more: Any) -> Masked:
    chosen = decided(decision) if isinstance(decision, MaskSet) else decision
    return PINECONE.mask(asked, chosen, ALICE, answer(document, **more))


def shown(asked: Reading, decision: Decision | MaskSet, document: Any, **more: Any) -> Any:
    return msgspec.json.decode(masked(asked, decision, document, **more).answer.body)


def replied(asked: Reading, decision: Decision | MaskSet, reply: Any) -> tuple[Masked, Any]:
    """What becomes of a gRPC reply: a message, or its bytes."""
    chosen = decided(decision) if isinstance(decision, MaskSet) else decision
    raw = reply if isinstance(reply, bytes) else reply.SerializeToString()
    found = PINECONE.mask(asked, chosen, ALICE, grpc.answered(raw))
    assert found.answer.messages is not None
    path = f"/VectorService/{asked.request.target.segments[1]}"
    return found, DESCRIPTORS.reply(path, found.answer)


def sent(asked: Reading, decision: Decision | MaskSet = OPEN) -> tuple[str, Any]:
    """Method and path, and the document, of what goes upstream."""
    outgoing = PINECONE.rewrite(asked, decided(decision) if isinstance(decision, MaskSet) else decision)
    return f"{outgoing.method} {outgoing.path}", msgspec.json.decode(outgoing.body) if outgoing.body else None
