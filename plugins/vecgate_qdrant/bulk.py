"""Bulk: from when on reading is an export, deleting and changing are bulk operations. One rule for both wires."""

from __future__ import annotations

from collections.abc import Sized
from typing import Final

from vecgate.errors import Refusal
from vecgate.operations.model import Risk
from vecgate.reasons import Reason

FEW: Final = 10
"""Ids up to which a delete is not a bulk one."""
MANY: Final = 1000
"""Records from which reading is an export and changing is a bulk update."""
SHOWN: Final = 100
"""Ids that evidence keeps of one request."""
MEMBERS: Final = 1000
"""Requests, changes or actions in one batch. Each is an operation at least, of which the gateway judges no more; a few
bytes that decompress to millions of empty ones must not be read one by one first."""

DEFAULT_LIMIT: Final = 10
"""Of query, scroll, groups, facet where the request has none."""
DEFAULT_GROUP_SIZE: Final = 3
DEFAULT_MATRIX_LIMIT: Final = 3
DEFAULT_MATRIX_SAMPLE: Final = 10


def bounded[Members: Sized](members: Members) -> Members:
    """The members of a batch. Raises Refusal: body_too_large."""
    if len(members) > MEMBERS:
        raise Refusal(Reason.BODY_TOO_LARGE, f"A batch has at most {MEMBERS} members.")
    return members


def deletes(ids: int | None) -> tuple[Risk, ...]:
    """Risks of deleting points, their payload or their vectors; None: a filter chooses them."""
    return () if ids is not None and ids <= FEW else (Risk.BULK_DELETE,)


def changes(ids: int | None) -> tuple[Risk, ...]:
    """Risks of writing to points that may exist; None: a filter chooses them."""
    return () if ids is not None and ids <= MANY else (Risk.BULK_UPDATE,)


def exports(points: int | None) -> tuple[Risk, ...]:
    """Risks of reading; None is without a bound."""
    return () if points is not None and points <= MANY else (Risk.BULK_EXPORT,)
