"""Sign in: from a client's settings to a sign-in that is kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import StrEnum

from vecgate.errors import LoginError
from vecgate.login import code, device, idtoken
from vecgate.login.client import Client
from vecgate.login.fresh import from_answer
from vecgate.login.oauth import OAuth
from vecgate.login.provider import Provider
from vecgate.login.session import Session, Store
from vecgate.login.wire import Wire


class Flow(StrEnum):
    """`device` shows a code for a browser anywhere; `code` comes back to this machine."""

    DEVICE = "device"
    CODE = "code"


def sign_in(client: Client, flow: Flow | None, prompt: Callable[[device.Prompt], None], store: Store) -> Session:
    """Let a person sign in, and keep what comes of it. Without a flow, `device` where the issuer has it.

    Raises LoginError; LoginRefused where the person or the issuer says no.
    """
    client.check()
    with store.locked():  # what cannot be kept is known before anybody signs in
        store.claim()
    with Wire(client.issuer) as wire:
        provider = Provider.discover(wire)
        oauth = OAuth(client, provider, wire)
        chosen = flow or (Flow.DEVICE if provider.device else Flow.CODE)
        if chosen is Flow.DEVICE:
            answer, nonce = device.sign_in(oauth, prompt), ""
        else:
            answer, nonce = code.sign_in(oauth, lambda url: prompt(device.Prompt(url, "", url)))
        now = time.time()
        session = from_answer(Session(client=client, access_token="", obtained=now, expires=now), answer, now)
        if "openid" in provider.scope(client).split():
            idtoken.verify(answer.get("id_token"), oauth, wire, now, nonce)
    with store.locked():
        store.write(session)
    return session


def sign_out(store: Store) -> str:
    """Forget a sign-in, and end it at the issuer. What could not be done there, empty if all is well.

    Raises LoginError if the file cannot be removed, or is something else.
    """
    with store.locked():
        session = store.claim()
        try:
            trouble = _revoke(session) if session else f"there was no sign-in in {store.path}"
        except LoginError as error:
            trouble = f"the issuer could not be told, so the tokens end by themselves: {error}"
        store.remove()
    return trouble


def _revoke(session: Session) -> str:
    with Wire(session.client.issuer) as wire:
        provider = Provider.discover(wire)
        if not provider.revocation:
            return f"{provider.issuer} offers no revocation: the tokens end by themselves"
        oauth = OAuth(session.client, provider, wire)
        if session.refresh_token:
            oauth.revoke(session.refresh_token, "refresh_token")
        else:
            oauth.revoke(session.access_token, "access_token")
    return ""
