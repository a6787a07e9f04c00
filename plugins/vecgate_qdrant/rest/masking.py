"""Masking: an answer taken out of its envelope `{result, status, time}`, rebuilt, and put back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from vecgate.errors import Refusal, Unmaskable
from vecgate.operations import media
from vecgate.operations.dialect import Masked, Reading
from vecgate.operations.document import Number, dump
from vecgate.operations.messages import Answer
from vecgate.operations.shapes import TEXT, Nullable, Shape
from vecgate.operations.table import Call
from vecgate.policy.decision import Decision
from vecgate_qdrant import errors
from vecgate_qdrant.masks import masks_of
from vecgate_qdrant.rest import answers, catalogue

_ENVELOPE: Final = frozenset({"result", "status", "time", "usage"})
_HEALTH: Final = re.compile(rb"[A-Za-z ]{1,80}")
_VERSION: Final = Shape({"title": TEXT, "version": TEXT, "commit": Nullable(TEXT)}, frozenset({"title", "version"}))


def mask(reading: Reading, decision: Decision, answer: Answer) -> Masked:
    """The answer as the caller may see it. Raises Unmaskable."""
    call: Call = reading.detail
    if answer.status >= 400:
        return Masked(errors.normalised(answer, _sent(call)))
    if answer.status not in {200, 202}:
        raise Unmaskable("The database answered with an unexpected status.")
    if call.row.operation in answers.TEXTUAL:
        return Masked(_textual(call.row.operation, answer))
    document = _enveloped(answer)
    try:
        rebuilt = answers.rebuild(answers.Context(reading, decision), document.get("result"))
    except answers.Absent:
        return Masked(errors.absent_point(call.params["id"]))
    shown: dict[str, Any] = {"status": document["status"], "time": document["time"]}
    if "result" in document:
        shown = {"result": rebuilt.result, **shown}
    masked = rebuilt.masked | _withheld(reading, decision) if rebuilt.points else rebuilt.masked
    body = dump(shown)
    return Masked(Answer(answer.status, media.JSON, body), rebuilt.points, rebuilt.records, tuple(sorted(masked)))


def aliases(answer: Answer) -> Mapping[str, str]:
    """The collection behind each alias. Raises Unmaskable."""
    if answer.status != 200:
        raise Unmaskable("The database did not list its aliases.")
    return dict(catalogue.aliases(_enveloped(answer).get("result")))


def _withheld(reading: Reading, decision: Decision) -> set[str]:
    """What would have come back and was not fetched, as evidence names it."""
    asked = [name for one in reading.operations if one.vectors for name in one.resources]
    return set() if all(masks_of(decision, name).fetches_vectors for name in asked) else {"vectors"}


def _enveloped(answer: Answer) -> dict[str, Any]:
    """What a call used is not told: how much was read says something of what is hidden."""
    document = media.answered(answer)
    if type(document) is not dict or not {"status", "time"} <= document.keys() <= _ENVELOPE:
        raise Unmaskable("The database's answer has no proper envelope.")
    if document["status"] not in ("ok", "accepted") or type(document["time"]) not in {int, float, Number}:
        raise Unmaskable("The database's answer has no proper envelope.")
    return document


def _textual(operation: str, answer: Answer) -> Answer:
    """The version, or a sentence about the service's health."""
    if operation != "root":
        if not _HEALTH.fullmatch(answer.body.strip()):
            raise Unmaskable("The database's health is not in words.")
        return Answer(answer.status, (("content-type", "text/plain"),), answer.body.strip())
    document = media.answered(answer)
    try:
        _VERSION.check(document)
    except Refusal:
        raise Unmaskable("The database's version is not of the expected form.") from None
    return Answer(answer.status, media.JSON, dump(document))


def _sent(call: Call) -> frozenset[str]:
    """The names that the caller wrote, which an error may repeat."""
    names = {value for slot, value in call.params.items() if slot in {"collection_name", "field_name", "vector_name"}}
    using = call.document.get("using") if type(call.document) is dict else None
    return frozenset({*names, using} if type(using) is str else names)
