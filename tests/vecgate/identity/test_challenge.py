"""What a client without a good credential is told to bring."""

from __future__ import annotations

import pytest

from vecgate.identity.challenge import challenge
from vecgate.reasons import Reason


@pytest.mark.parametrize(
    ("why", "error"),
    [
        (Reason.TOKEN_MISSING, None),
        (Reason.TOKEN_EXPIRED, "invalid_token"),
        (Reason.CREDENTIAL_AMBIGUOUS, "invalid_request"),
        (Reason.GROUP_OVERAGE, "insufficient_scope"),
        (Reason.IDENTITY_UNAVAILABLE, None),
    ],
)
def test_the_challenge_names_an_error_only_when_a_credential_was_sent(why: Reason, error: str | None) -> None:
    value = challenge(why)
    assert value.startswith('Bearer realm="vecgate"')
    assert (f'error="{error}"' in value) if error else ("error" not in value)


@pytest.mark.parametrize("why", Reason)
def test_every_challenge_is_a_valid_header(why: Reason) -> None:
    value = challenge(why)
    assert value.isascii()
    assert value.isprintable()
    assert value.count('"') in (2, 6)
    assert "\\" not in value


def test_it_says_where_the_issuers_are_found() -> None:
    url = "https://gw.test/.well-known/oauth-protected-resource"
    assert challenge(Reason.TOKEN_MISSING, url) == f'Bearer realm="vecgate", resource_metadata="{url}"'
    assert challenge(Reason.TOKEN_EXPIRED, url).endswith(f', resource_metadata="{url}"')
