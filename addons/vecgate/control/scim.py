"""SCIM 2.0 (RFC 7644) at /scim/v2 on the control plane: what Okta, Entra ID and others provision and deactivate with.

A directory has a bearer secret of its own, and by it an issuer: it sees that issuer's users alone. The protocol is
scim2-server's; here are the door, the size of what comes in, and the errors.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from scim2_models import (
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    ETag,
    Filter,
    Patch,
    ScimPolicy,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
)
from scim2_server.handler import AsyncScimHandler
from scim2_server.requests import ScimRequest
from scim2_server.responses import SCIM_MEDIA_TYPE, ScimResponse
from scim2_server.service import ScimService
from starlette.requests import Request
from starlette.responses import Response

from vecgate.control import deactivation
from vecgate.control.guard import SCIM
from vecgate.control.reading import bearer, body
from vecgate.errors import Refusal
from vecgate.identity.challenge import challenge
from vecgate.identity.claims import parse_object
from vecgate.identity.provisioning import MODELS, Provisioning
from vecgate.reasons import Reason

BODY: Final = 1024 * 1024
"""Bytes: a change of a group names all who join it."""
PAGE: Final = 200
_ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
_log = logging.getLogger(__name__)

type Directories = Mapping[bytes, Provisioning]
"""By the SHA-256 of their secrets."""


def service() -> ScimService:
    """What is spoken: PATCH and filters, no bulk. Entra ID's own spellings are understood."""
    config = ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
        filter=Filter(supported=True, max_results=PAGE),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=True),
        etag=ETag(supported=False),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.oauthbearertoken, name="Bearer", description="The directory's secret."
            )
        ],
    )
    policy = ScimPolicy(
        unknown=ScimPolicy.Unknown.ignore,
        remove_value_as_filter=ScimPolicy.RemoveValue.apply,
        unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
    )
    return ScimService(ScimProvider(models=MODELS, config=config, policy=policy))


_SERVICE = service()


async def answer(request: Request, provisioning: Directories) -> Response:
    """Serve one request. Whatever it meets is answered in SCIM's own form (RFC 7644 §3.12)."""
    try:
        return _response(await _served(request, _directory(request, provisioning)))
    except Refusal as refusal:
        return _refused(refusal)
    except Exception as error:
        return _response(_failed(error))


def _directory(request: Request, provisioning: Directories) -> Provisioning:
    """Raises Refusal(token_missing, token_invalid, credential_ambiguous)."""
    sent = hashlib.sha256(bearer(request).encode()).digest()
    for secret, directory in provisioning.items():
        if hmac.compare_digest(secret, sent):
            return directory
    raise Refusal(Reason.TOKEN_INVALID)


async def _served(request: Request, directory: Provisioning) -> ScimResponse:
    names = [name for name, _ in request.query_params.multi_items()]
    if len(names) != len(set(names)):
        raise Refusal(Reason.DUPLICATE_MEMBER)
    sent = await body(request, BODY)
    if sent:
        _check(sent)
    asked = ScimRequest(
        method=request.method,
        base_url=f"{request.url.scheme}://{request.url.netloc}{SCIM}",
        path=request.url.path.removeprefix(SCIM),
        query=dict(request.query_params),
        headers=[(name, value) for name, value in request.headers.items() if name != "authorization"],
        body=sent,
    )
    return await AsyncScimHandler(_SERVICE, directory).handle(asked)


def _check(sent: bytes) -> None:
    """Raises Refusal(bad_body, duplicate_member) for what two readers could take in two ways."""
    try:
        document = parse_object(sent)
    except ValueError as error:
        raise Refusal(Reason.BAD_BODY, str(error)) from error
    deactivation.check(document)


def _failed(error: Exception) -> ScimResponse:
    found = _SERVICE.error_response(error)
    if found.status >= 500:
        _log.error("a directory's request failed: %s", type(error).__name__)
    return found


def _response(found: ScimResponse) -> Response:
    content = b"" if found.body is None else msgspec.json.encode(found.body)
    return Response(content, int(found.status), dict(found.headers))


def _refused(refusal: Refusal) -> Response:
    status = refusal.status
    document: dict[str, Any] = {
        "schemas": [_ERROR],
        "status": str(status),
        "detail": refusal.detail or refusal.reason.summary,
    }
    if status == 400:
        document["scimType"] = "invalidSyntax"
    headers = dict(refusal.headers)
    if status == 401:
        headers["www-authenticate"] = challenge(refusal.reason)
    return Response(msgspec.json.encode(document), status, headers, SCIM_MEDIA_TYPE)
