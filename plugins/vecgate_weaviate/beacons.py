"""Beacons: where answers name objects of other collections. Into one that the caller may not know none is shown.

References are beacons in REST; in GraphQL and gRPC the values of groups are, where a reference is what groups.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from vecgate.operations.model import Resource
from vecgate_weaviate.known import EVERYTHING

_SCHEME: Final = "weaviate:"
_BEACON: Final = re.compile(r"weaviate://localhost/(?:([A-Za-z][_0-9A-Za-z]{0,254})/)?[0-9a-fA-F-]{36}")

_WITHIN: Final = re.compile(r"weaviate://localhost/(?:[^/\s]{1,512}/)?[0-9a-fA-F-]{36}", re.IGNORECASE)
WITHHELD: Final = "weaviate://withheld"

type Visible = Callable[[Resource], bool]


def is_beacon(value: Any) -> bool:
    """A text that means to be one, whatever it looks like."""
    return isinstance(value, str) and value[: len(_SCHEME)].lower() == _SCHEME


def hidden(value: Any, visible: Visible) -> bool:
    """A beacon that the caller may not see; one that names no collection may lead into any."""
    if not is_beacon(value):
        return False
    found = _BEACON.fullmatch(value)
    return found is None or not visible(found[1] or EVERYTHING)


def points(value: str, visible: Visible) -> bool:
    """The caller may know of the collection that a beacon, or a collection's name itself, leads to."""
    return not hidden(value, visible) if is_beacon(value) else visible(value)


def told(value: Any, visible: Visible) -> Any:
    """What a group goes by: where that is a reference, a beacon, or several; None for what is hidden."""
    return None if any(hidden(one, visible) for one in (value if type(value) is list else [value])) else value


def scrubbed(text: str, visible: Visible) -> str:
    """A model's text without such beacons: it was told of references, too."""
    return _WITHIN.sub(lambda found: WITHHELD if hidden(found[0], visible) else found[0], text)
