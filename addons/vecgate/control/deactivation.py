"""Deactivation: what a directory's request says of `active` is heard, or the request is refused.

SCIM lets unknown attributes pass unread, and identity providers send many. A deactivation must not be among them: a
directory that is answered with success does not say it again. So `active` is understood in these places, and one that
says no in any other is an error; so is a member that stands twice in names that are the same to SCIM (RFC 7643 §2.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from vecgate.errors import Refusal
from vecgate.reasons import Reason

USER: Final = "urn:ietf:params:scim:schemas:core:2.0:user"
"""As all names here: folded."""
_ACTIVE = re.compile(r"(?:^|[:./\s])active(?:$|[\[./\s])")
_NO = frozenset({"false", "f", "no", "n", "off", "0"})
_HEARD = frozenset({"active", f"{USER}:active"})


def check(document: Mapping[str, Any]) -> None:
    """A request's body. Raises Refusal: `duplicate_member`, `bad_body`."""
    for each in _objects(document):
        names = [_folded(name).removeprefix(f"{USER}:") for name in each]
        if len(set(names)) < len(names):
            raise Refusal(Reason.DUPLICATE_MEMBER, "A member stands twice, in names that are the same to SCIM.")
    members = {_folded(name): value for name, value in document.items()}
    operations = members.pop("operations", None)
    _check_user(members, frozenset({"active"}))
    for operation in operations if isinstance(operations, list) else []:
        if isinstance(operation, Mapping):
            _check_operation({_folded(name): value for name, value in operation.items()})


def _check_operation(operation: Mapping[str, Any]) -> None:
    path, value = operation.get("path"), operation.get("value")
    if isinstance(path, str) and path.strip():
        _check_user({_folded(path): value}, _HEARD)
    elif isinstance(value, Mapping):
        members = {_folded(name): member for name, member in value.items()}
        inner = members.pop(USER, None)
        _check_user(members, _HEARD)
        if isinstance(inner, Mapping):
            if not _HEARD.isdisjoint(members):
                raise Refusal(Reason.DUPLICATE_MEMBER, "A user's members stand in two places.")
            _check_user({_folded(name): member for name, member in inner.items()}, frozenset({"active"}))


def _check_user(members: Mapping[str, Any], heard: frozenset[str]) -> None:
    """Members of a user, folded, of which those in `heard` are understood."""
    within = [each for name, value in members.items() if name not in heard for each in _objects(value)]
    others = {name: value for name, value in members.items() if name not in heard}
    if any(_ACTIVE.search(_folded(name)) and _no(value) for each in (others, *within) for name, value in each.items()):
        raise Refusal(Reason.BAD_BODY, "Who is to be deactivated? active is an attribute of the user itself.")


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    """All objects in a document, itself included."""
    if isinstance(value, Mapping):
        yield value
    for each in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from _objects(each)


def _no(value: Any) -> bool:
    return value in (False, 0) or (isinstance(value, str) and value.strip().casefold() in _NO)


def _folded(name: str) -> str:
    return name.strip().casefold()
