"""Versions: `X-Pinecone-Api-Version` chooses what a request means, so only what is understood is let through.

2025-10 and 2026-04 are published and, member by member, the same in all of data plane, control plane, inference and
gRPC: what is asked for is what is sent. 2026-07 is what the Python client 10 asks for and nobody has published. Where
it means the same, 2026-04 is sent; where an index looks different in it, the request and the answer are translated
(`translation`); what only it has is refused. Before 2025-10, `update` knew no filter: refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from vecgate.errors import Refusal
from vecgate.operations.messages import Pairs
from vecgate.reasons import Reason

HEADER: Final = "x-pinecone-api-version"
PUBLISHED: Final = ("2025-10", "2026-04")
LATEST: Final = "2026-04"
NEWER: Final = "2026-07"

_SENT: Final[Mapping[str, Pairs]] = {
    "": ((HEADER, LATEST),),
    NEWER: ((HEADER, LATEST),),
    **{version: ((HEADER, version),) for version in PUBLISHED},
}


def sent(headers: Mapping[str, str]) -> Pairs:
    """The header that goes with a request. Raises Refusal: bad_header for a version that is not understood."""
    found = _SENT.get(headers.get(HEADER, ""))
    if found is None:
        raise Refusal(Reason.BAD_HEADER, f"Send {HEADER}: {', '.join((*PUBLISHED, NEWER))}.")
    return found


def is_newer(headers: Mapping[str, str]) -> bool:
    """The client asked for 2026-07."""
    return headers.get(HEADER) == NEWER
