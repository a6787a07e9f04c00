"""Requests: what no request may say, whichever call it is, and what of it never goes on."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from google.protobuf.descriptor import Descriptor

from vecgate.errors import Refusal
from vecgate.reasons import Reason

FORBIDDEN: Final = {
    "skip_rls": "switches off the database's own row rules",
    "rls_principal": "speaks for somebody else",
    "collectionID": "names a collection by its number: use its name",
    "db_id": "names a database by its number: use its name",
    "travel_timestamp": "asks for what has been deleted",
    "function_chains": "is not understood by the gateway",
    "input_field_ids": "names fields by their numbers: use their names",
    "output_field_ids": "names fields by their numbers: use their names",
}
"""Fields at any depth of a request, and why they are refused where they are set."""

DROPPED: Final = frozenset({"search_by_primary_keys", "created_utc_timestamps", "modified_utc_timestamps"})
"""Fields that change nothing, or only a retry of the same request."""


def cleaned(message: Any) -> None:
    """Refuse what is forbidden, drop what is nobody's to set. Raises Refusal: unknown_member.

    Of `base`, which servers use among themselves (its `sourceID` and `replicateInfo` have passed for a server's own),
    the kind of the message alone stays.
    """
    for name in concerned(message.DESCRIPTOR):
        if name == "base":
            kind = message.base.msg_type
            message.ClearField("base")
            if kind:
                message.base.msg_type = kind
        elif name in DROPPED:
            message.ClearField(name)
        elif name in FORBIDDEN:
            if getattr(message, name):
                raise Refusal(Reason.UNKNOWN_MEMBER, f"{name} is refused: it {FORBIDDEN[name]}.")
        elif message.DESCRIPTOR.fields_by_name[name].is_repeated:
            for one in getattr(message, name):
                cleaned(one)
        elif message.HasField(name):
            cleaned(getattr(message, name))


@cache
def concerned(kind: Descriptor) -> tuple[str, ...]:
    """The fields of a message that `cleaned` has to look at; records and vectors are none of them."""
    return tuple(field.name for field in kind.fields if _concerns(field, frozenset()))


def _concerns(field: Any, above: frozenset[str]) -> bool:
    if field.name in FORBIDDEN or field.name in DROPPED or field.name == "base":
        return True
    inner = field.message_type
    if inner is None or inner.GetOptions().map_entry or inner.full_name in above:
        return False
    return any(_concerns(one, above | {inner.full_name}) for one in inner.fields)
