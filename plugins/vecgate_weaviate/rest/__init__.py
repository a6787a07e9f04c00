"""Weaviate's REST API: the operations of its description, and the routes that it leaves out."""

from __future__ import annotations

from vecgate.identity.principal import Principal
from vecgate.operations import media
from vecgate.operations.dialect import Reading
from vecgate.operations.document import dump
from vecgate.operations.messages import Answer
from vecgate.policy.decision import Decision
from vecgate_weaviate.rest.answers import mask
from vecgate_weaviate.rest.call import RestCall
from vecgate_weaviate.rest.outgoing import CHANGES_NAMES, rewrite
from vecgate_weaviate.rest.reading import bind, lookups, read
from vecgate_weaviate.rest.rows import ROWS

__all__ = ["CHANGES_NAMES", "ROWS", "bind", "local", "lookups", "mask", "read", "rewrite"]


def local(reading: Reading, principal: Principal | None, decision: Decision) -> Answer | None:
    """The gateway's own issuer in place of the database's: a token of the latter means nothing here.

    Clients that find none there go on without authentication, as they do where the gateway has no issuer.
    """
    call: RestCall = reading.detail
    if call.row.operation != "wellknown.openid":
        return None
    issuers = reading.request.site.issuers
    if not issuers:
        return Answer(404, media.JSON, dump({"error": [{"message": "No issuer is configured."}]}))
    found = {"href": f"{issuers[0].rstrip('/')}/.well-known/openid-configuration", "clientId": "", "scopes": ["openid"]}
    return Answer(200, media.JSON, dump(found))
