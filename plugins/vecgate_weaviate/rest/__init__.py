"""Weaviate's REST API: the operations of its description, and the routes that it leaves out."""

from __future__ import annotations

from collections.abc import Sequence

from vecgate.identity.principal import Principal
from vecgate.operations import media
from vecgate.operations.dialect import Reading
from vecgate.operations.document import dump
from vecgate.operations.messages import Answer
from vecgate.policy.decision import Decision
from vecgate_weaviate import errors
from vecgate_weaviate.rest.answers import mask
from vecgate_weaviate.rest.call import RestCall
from vecgate_weaviate.rest.outgoing import CHANGES_NAMES, rewrite
from vecgate_weaviate.rest.reading import bind, lookups, read
from vecgate_weaviate.rest.rows import ROWS

__all__ = ["CHANGES_NAMES", "ROWS", "bind", "local", "lookups", "mask", "read", "rewrite"]


def local(reading: Reading, principal: Principal | None, decision: Decision) -> Answer | None:
    """What the database is not asked: a collection that the caller may not see does not exist, and whose tokens count
    is the gateway's to say."""
    call: RestCall = reading.detail
    match call.row.operation:
        case "schema.objects.get" if not decision.visible(call.collection):
            return errors.absent()
        case "wellknown.openid":
            return _issuer(reading.request.site.issuers)
    return None


def _issuer(issuers: Sequence[str]) -> Answer:
    """The first. Clients that find none go on without authentication."""
    if not issuers:
        return errors.absent()
    found = {"href": f"{issuers[0].rstrip('/')}/.well-known/openid-configuration", "clientId": "", "scopes": ["openid"]}
    return Answer(200, media.JSON, dump(found))
