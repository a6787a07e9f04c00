"""What the tests of this dialect share: one collection, readings of requests, decisions, an answering database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import httpx
import msgspec

from vecgate.config.models import MaskRule
from vecgate.identity.principal import Principal
from vecgate.masking.masker import Masker
from vecgate.masking.maskset import MaskSet
from vecgate.operations.dialect import Masked, Reading
from vecgate.operations.messages import Answer, Outgoing, Request
from vecgate.operations.model import Resource
from vecgate.operations.target import parse
from vecgate.policy.decision import Decision, Verdict
from vecgate.reasons import Reason
from vecgate_chroma import ChromaDialect

CHROMA = ChromaDialect()
TENANT = "/api/v2/tenants/default_tenant"
DATABASE = f"{TENANT}/databases/default_database"
UUID = "c14de12b-166a-45bd-bb64-44a0b48b93f6"
COLLECTION = f"{DATABASE}/collections/{UUID}"
PARENT = "default_tenant/default_database"
ALPHA = f"{PARENT}/alpha"
ALICE = Principal("https://idp.example/", "alice")
MASKER = Masker(bytes(32))

OPEN = MaskSet.combine([], vectors_open=True, masker=MASKER)


def masks(
    fields: Mapping[str, str] | None = None, *, vectors: str | None = "drop", scores: str | None = None
) -> MaskSet:
    rule = MaskRule(name="rule", vectors=vectors, scores=scores, fields=dict(fields or {}))
    return MaskSet.combine([rule], vectors_open=True, masker=MASKER)


def decided(mask: MaskSet, visible: Callable[[Resource], bool] = lambda resource: True) -> Decision:
    return Decision(Verdict.ALLOW, Reason.GRANTED, visible=visible, masks_for=lambda resource: mask)


def request(method: str, path: str, body: Any = None) -> Request:
    raw = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
    return Request(method, parse(path), {"content-type": "application/json"}, raw)


def unbound(method: str, path: str, body: Any = None) -> Reading:
    return CHROMA.read(request(method, path, body))


def reading(method: str, path: str, body: Any = None, found: Any = ALPHA) -> Reading:
    """A reading whose look-ups all found `found`."""
    read = unbound(method, path, body)
    return CHROMA.bind(read, {lookup.key: found for lookup in CHROMA.lookups(read)})


def answer(document: Any, status: int = 200, content_type: str = "application/json") -> Answer:
    body = document if isinstance(document, bytes) else msgspec.json.encode(document)
    return Answer(status, (("content-type", content_type),), body)


def masked(read: Reading, mask: MaskSet, document: Any, **more: Any) -> Masked:
    return CHROMA.mask(read, decided(mask), ALICE, answer(document, **more))


def shown(read: Reading, mask: MaskSet, document: Any) -> Any:
    return msgspec.json.decode(masked(read, mask, document).answer.body)


def ask(client: httpx.Client, outgoing: Outgoing) -> Answer:
    """Send what the dialect built, as the gateway would."""
    headers = [*outgoing.headers, ("accept-encoding", "identity")]
    response = client.request(outgoing.method, outgoing.path, headers=headers, content=outgoing.body or None)
    return Answer(
        response.status_code, tuple((n.lower(), v) for n, v in response.headers.multi_items()), response.content
    )


def bound(client: httpx.Client, read: Reading) -> Reading:
    """The reading with the names that the database resolves."""
    names = {lookup.key: CHROMA.learn(lookup, ask(client, lookup.request)) for lookup in CHROMA.lookups(read)}
    return CHROMA.bind(read, names)


def through(client: httpx.Client, decision: Decision, read: Reading) -> Answer:
    """The way of a request, from the look-ups on."""
    read = bound(client, read)
    local = CHROMA.local(read, ALICE, decision)
    if local is not None:
        return local
    return CHROMA.mask(read, decision, ALICE, ask(client, CHROMA.rewrite(read, decision))).answer
