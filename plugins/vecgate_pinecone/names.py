"""Names: the index behind a connection, and namespaces as requests write them.

An index has a host of its own, so what a data request does to which index is the connection's to say, never the
request's. Absent, `""` and `__default__` are one namespace.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final
from unicodedata import is_normalized

from vecgate.errors import Refusal
from vecgate.operations.shapes import Kind, Scalar, misfit
from vecgate.operations.site import Site
from vecgate.reasons import Reason

DEFAULT: Final = "__default__"
"""The namespace of a request that names none."""
UNKNOWN: Final = "index"
"""The index where neither a connection nor a host says which: in `vecgate classify`."""

# "docs-example-a1b2c3d.svc.aped-4627-b74a.pinecone.io": the index, the project, the environment.
_HOST: Final = re.compile(r"([a-z0-9][a-z0-9-]*)-[a-z0-9]{5,12}\.svc(?:\.[a-z0-9-]+)+\.pinecone\.io(?::\d+)?")
_INDEX: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,44}")
_LONGEST: Final = 512
_FORBIDDEN: Final = frozenset("/\\*")

INDEX: Final = Scalar("name of an index", frozenset({str}), lambda value: _INDEX.fullmatch(value) is not None)
"""Letters in lower case, digits and hyphens: nothing that another parser could spell differently."""


def index_of(site: Site, host: str = "") -> str:
    """The index of a connection. `host` counts where there is no connection, as in `vecgate classify`."""
    return site.index or _of_host(site.upstream or host) or site.connection or UNKNOWN


@lru_cache(maxsize=256)
def _of_host(host: str) -> str:
    found = _HOST.fullmatch(host.lower())
    return found[1] if found else ""


def canonical(namespace: str | None) -> str:
    return namespace or DEFAULT


class Namespace(Kind):
    """Empty, or a name that can stand in a resource and that no trimming or composing would change."""

    def describe(self) -> str:
        return "namespace"

    def check(self, value: Any, path: str) -> None:
        if type(value) is not str or not is_namespace(value):
            raise misfit(path, self)


@lru_cache(maxsize=4096)
def is_namespace(value: str) -> bool:
    return (
        len(value) <= _LONGEST
        and value.isprintable()
        and value.strip() == value
        and value not in {".", ".."}
        and _FORBIDDEN.isdisjoint(value)
        and is_normalized("NFC", value)
    )


NAMESPACE: Final = Namespace()


def path_name(slot: str, value: str) -> str:
    """A name in a path. Raises Refusal: bad_target."""
    kind = NAMESPACE if slot == "namespace" else INDEX if slot.endswith("_name") and slot != "model_name" else _ID
    try:
        kind.check(value, slot)
    except Refusal:
        raise Refusal(Reason.BAD_TARGET, "A name in the path cannot be one.") from None
    return value


_ID: Final = Scalar(
    "id", frozenset({str}), lambda value: len(value) <= 1000 and _FORBIDDEN.isdisjoint(value) and value.isprintable()
)
