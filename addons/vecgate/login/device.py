"""Device: signing in with a browser on any machine, by a short code (RFC 8628)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from vecgate.errors import LoginError, LoginRefused
from vecgate.login.client import seconds
from vecgate.login.oauth import Answer, OAuth, random_text

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_PAUSE = 5.0
_SLOWER = 5.0
_LONGEST = 1800.0


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the person is told. `address` is where `code` is typed; `complete` needs no typing and may be empty."""

    address: str
    code: str
    complete: str


def sign_in(
    oauth: OAuth,
    show: Callable[[Prompt], None],
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Answer:
    """The tokens, once the person has agreed. Raises LoginError; LoginRefused if they did not, or not in time."""
    if not oauth.provider.device:
        raise LoginError(f"{oauth.provider.issuer} offers no device flow: use --flow code")
    verifier = random_text()
    answer = oauth.authorize_device(verifier)
    code = answer.get("device_code")
    if not isinstance(code, str) or not code:
        raise LoginError(f"{oauth.provider.device}: the answer has no device code")
    show(_prompt(oauth, answer))
    pause = seconds(answer.get("interval"), _PAUSE, 60)
    deadline = clock() + seconds(answer.get("expires_in"), _LONGEST, _LONGEST)
    while True:
        sleep(pause)
        try:
            return oauth.token(GRANT, device_code=code, code_verifier=verifier)
        except LoginRefused as error:
            if error.code == "slow_down":
                pause += _SLOWER
            elif error.code == "access_denied":
                raise LoginRefused("the sign-in was denied", error.code) from None
            elif error.code != "authorization_pending":
                raise
        if clock() >= deadline:
            raise LoginRefused("the code was not used in time: vecgate login", "expired_token")


def _prompt(oauth: OAuth, answer: Answer) -> Prompt:
    code, complete = answer.get("user_code"), answer.get("verification_uri_complete")
    # Some issuers still write it as a draft of the RFC did.
    address = answer.get("verification_uri") or answer.get("verification_url")
    if not isinstance(code, str) or not 0 < len(code) <= 64 or not code.isprintable():
        raise LoginError(f"{oauth.provider.device}: the answer has no user code")
    what = f"the address to sign in at, from {oauth.provider.device},"
    return Prompt(oauth.shown(address, what), code, oauth.shown(complete, what) if complete else "")
