"""The closed set of reason codes: every decision, refusal and record names exactly one.

Codes come in pairs where something can hold or fail to (`granted`/`no_grant`, `token_valid`/`token_expired`). They are
stable: clients, dashboards and policy tests match on them. docs/reasons.md lists them; a test holds the two together.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

TYPE_PREFIX: Final = "https://vecgate.dev/reasons/"
"""What `type` (RFC 9457) in a refusal begins with; the reason code follows."""


class Reason(StrEnum):
    """Why. `status` is the HTTP status of a refusal with this reason, `summary` its one-line explanation."""

    status: int
    summary: str

    def __new__(cls, code: str, status: int, summary: str) -> Reason:
        member = str.__new__(cls, code)
        member._value_ = code
        member.status = status
        member.summary = summary
        return member

    # What is allowed
    GRANTED = "granted", 200, "A grant covers every operation of the request."
    TOKEN_VALID = "token_valid", 200, "The credential was accepted."
    PUBLIC = "public", 200, "The route answers without identity by design."
    APPROVED = "approved", 200, "A reviewer approved exactly this request."
    OBSERVED = "observed", 200, "Observe mode let through what policy alone would have refused."

    # Who is asking
    TOKEN_MISSING = "token_missing", 401, "No credential was sent."
    TOKEN_INVALID = "token_invalid", 401, "The credential is not valid."
    TOKEN_EXPIRED = "token_expired", 401, "The credential has expired."
    TOKEN_NOT_YET = "token_not_yet", 401, "The credential is not valid yet."
    TOKEN_REVOKED = "token_revoked", 401, "The credential or its subject has been revoked."
    AUDIENCE_MISMATCH = "audience_mismatch", 401, "The credential was issued for another audience."
    ISSUER_UNKNOWN = "issuer_unknown", 401, "The credential's issuer is not configured."
    TOO_MANY_FAILURES = "too_many_failures", 429, "Too many credentials from this address have failed."
    CREDENTIAL_AMBIGUOUS = "credential_ambiguous", 400, "More than one credential, or one in the wrong place."
    GROUP_OVERAGE = "group_overage", 403, "The token leaves out the groups; they cannot be taken on trust."
    IDENTITY_UNAVAILABLE = (
        "identity_unavailable",
        503,
        "The issuer's keys, or a person's groups, cannot be had right now.",
    )

    # What was sent
    BAD_TARGET = "bad_target", 400, "The request target is malformed or ambiguous."
    BAD_HEADER = "bad_header", 400, "A header is malformed, ambiguous or not allowed."
    BAD_BODY = "bad_body", 400, "The body is malformed or does not fit the operation."
    DUPLICATE_MEMBER = "duplicate_member", 400, "A member or query key occurs twice."
    UNKNOWN_MEMBER = "unknown_member", 400, "The request has a member that the operation does not define."
    METHOD_NOT_ALLOWED = "method_not_allowed", 405, "The method is not allowed."
    BODY_TOO_LARGE = "body_too_large", 413, "The body is larger than the connection allows."
    UNSUPPORTED_MEDIA = "unsupported_media", 415, "The content type or encoding is not supported."
    WRONG_HOST = "wrong_host", 421, "The request was made for another host."
    HEADERS_TOO_LARGE = "headers_too_large", 431, "The headers are larger than the connection allows."
    REQUEST_TIMEOUT = "request_timeout", 408, "The request did not arrive in time."
    PROTOCOL_ERROR = "protocol_error", 400, "The connection broke the protocol."

    # What is allowed to whom
    UNKNOWN_OPERATION = "unknown_operation", 403, "The operation is unknown, or refused by name."
    NO_GRANT = "no_grant", 403, "No grant covers the operation on this resource."
    MASKED_FIELD_USED = "masked_field_used", 403, "A masked field, vector or score would steer the request."
    VETOED = "vetoed", 403, "A plugin refused the request."
    NOT_FOUND = "not_found", 404, "The named resource does not exist, or its existence is not for the caller."

    # How much
    RATE_EXCEEDED = "rate_exceeded", 429, "The rate limit is spent."
    BUDGET_EXCEEDED = "budget_exceeded", 429, "The budget of records is spent."
    TOO_MANY_PENDING = "too_many_pending", 429, "Too many requests wait for approval."

    # Who decided
    APPROVAL_PENDING = "approval_pending", 403, "A reviewer has not decided yet; retry the same request."
    APPROVAL_DENIED = "approval_denied", 403, "A reviewer denied the request."
    APPROVAL_EXPIRED = "approval_expired", 403, "Nobody decided, or the retry came too late."
    SELF_APPROVAL = "self_approval", 403, "Nobody approves their own request."

    # What broke, always closed
    UNMASKABLE_RESPONSE = (
        "unmaskable_response",
        502,
        "The database's answer could not be understood, so it is withheld.",
    )
    UPSTREAM_UNREACHABLE = "upstream_unreachable", 502, "The database cannot be reached."
    UPSTREAM_PROTOCOL = "upstream_protocol", 502, "The database broke the protocol."
    GATEWAY_FAILURE = "gateway_failure", 503, "The gateway failed; nothing was forwarded."
    UNSEALED = "unsealed", 503, "The request was not judged as it stands; nothing was forwarded."
    STATE_UNAVAILABLE = "state_unavailable", 503, "The state store cannot be reached."
    EVIDENCE_UNAVAILABLE = "evidence_unavailable", 503, "Evidence cannot be written, so nothing is forwarded."
    CREDENTIAL_UNAVAILABLE = "credential_unavailable", 503, "The service credential cannot be had."

    # How it ended otherwise
    CLIENT_GONE = "client_gone", 499, "The client left before the answer."
    INTERRUPTED = "interrupted", 500, "The gateway stopped before the outcome was known."
