"""`vecgate login`, `token`, `whoami`, `logout`: a person's own short-lived token, from the issuer they already have."""

from __future__ import annotations

import asyncio
import sys
import time
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vecgate.cli.options import AsJson, MaybeConfig, TokenFile
from vecgate.cli.output import emit, fail, say, warn
from vecgate.errors import Refusal

if TYPE_CHECKING:
    from vecgate.identity.principal import Principal
    from vecgate.login.device import Prompt
    from vecgate.login.session import Session


def register(app: typer.Typer) -> None:
    for verb in (login, token, whoami, logout):
        app.command(verb.__name__)(verb)


def login(
    config: MaybeConfig = None,
    issuer: Annotated[str, typer.Option(metavar="URL", envvar="VECGATE_ISSUER", help="Where you sign in.")] = "",
    client_id: Annotated[
        str, typer.Option(metavar="ID", envvar="VECGATE_CLIENT_ID", help="The client registered there for terminals.")
    ] = "",
    client_secret_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The client's secret, where the issuer gave it one.")
    ] = None,
    saml: Annotated[
        str, typer.Option(metavar="URL", help="Sign in by SAML at a gateway's own address, …/saml/NAME.")
    ] = "",
    scope: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Ask for this scope; may be given several times.")
    ] = None,
    audience: Annotated[str, typer.Option(metavar="NAME", help="What the token is for, where issuers ask so.")] = "",
    resource: Annotated[str, typer.Option(metavar="URI", help="The same by RFC 8707.")] = "",
    prompt: Annotated[str, typer.Option(metavar="NAME", help="consent, where nothing is renewed without.")] = "",
    redirect: Annotated[str, typer.Option(metavar="URL", help="Where on this machine the browser comes back to.")] = "",
    flow: Annotated[
        str, typer.Option(metavar="device|code", help="A code for any browser, or a browser on this machine.")
    ] = "",
    no_browser: Annotated[bool, typer.Option("--no-browser", help="With --flow code: open nothing.")] = False,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Sign in at your identity provider, and keep a short-lived token for the other verbs.

    Where: --issuer and --client-id; or -c, with the issuer's `login`; else as the last time.
    Exit 0: signed in. 1: you or the issuer said no. 2: it could not be tried.
    """
    from vecgate.cli.signing import Given, settings
    from vecgate.login.session import Store
    from vecgate.login.signin import Flow, sign_in
    from vecgate.saml.steps import CLIENT

    if saml and (issuer or client_id or flow):
        fail("--saml says all: leave --issuer, --client-id and --flow out, also as variables")
    if saml:
        issuer, client_id, flow = saml, CLIENT, Flow.CODE
    if flow not in ("", *Flow):
        fail(f"--flow {flow}: write device or code")
    given = Given(issuer, client_id, client_secret_file, tuple(scope or ()), audience, resource, prompt, redirect)
    store = Store(token_file)
    client = settings(given, config, store)
    session = sign_in(client, Flow(flow) if flow else None, lambda prompt: _show(prompt, no_browser), store)
    if as_json:
        emit(_facts(session, None) | {"token_file": str(store.path)})
        return
    say(f"Signed in at {session.client.issuer}. {_lasting(session)}")
    say(f"It is kept in {store.path}, for you alone.")
    say("Next: vecgate whoami, vecgate env CONNECTION -c FILE")


def token(token_file: TokenFile = None, as_json: AsJson = False) -> None:
    """Print a token that is good for a while, renewed when it is about to end.

    For scripts: curl -H "Authorization: Bearer $(vecgate token)" …
    Exit 1: your sign-in has ended.
    """
    found = _fresh(token_file)
    if not as_json:
        typer.echo(found if isinstance(found, str) else found.access_token)
    elif isinstance(found, str):
        emit({"access_token": found})
    else:
        emit({"access_token": found.access_token, "expires": _moment(found.expires)})


def whoami(config: MaybeConfig = None, token_file: TokenFile = None, as_json: AsJson = False) -> None:
    """Say who you are to a gateway: what your token says, read as a gateway reads it.

    With -c its signature, times and audience are proved, too, as a gateway with that configuration would.
    Exit 1: you are nobody to it.
    """
    found = _fresh(token_file)
    try:
        principal = _principal(found if isinstance(found, str) else found.access_token, config)
    except Refusal as refusal:
        fail(f"{refusal}\n{_HELP.get(refusal.reason, '')}".rstrip(), code=1)
    facts = _facts(None if isinstance(found, str) else found, principal)
    if as_json:
        emit(facts)
        return
    for name in ("issuer", "subject", "name", "groups", "client", "audience"):
        value = facts[name]
        shown = ", ".join(value) if isinstance(value, list) else value
        say(f"{name + ':':<10}{shown or 'none'}")
    if config is None:
        say("Groups may stand elsewhere in your token: -c FILE looks where that gateway does, and proves the token.")
    if not isinstance(found, str):
        say(_lasting(found))


def logout(token_file: TokenFile = None, as_json: AsJson = False) -> None:
    """End your sign-in at the issuer, and forget it here.

    Exit 1: it is forgotten here, and could not be ended there.
    """
    from vecgate.login.session import Store
    from vecgate.login.signin import sign_out

    trouble = sign_out(Store(token_file))
    if as_json:
        emit({"ended": not trouble, "trouble": trouble})
        raise typer.Exit(1 if trouble else 0)
    if trouble:
        fail(trouble, code=1)
    say("Signed out.")


_HELP = {
    "token_invalid": "A gateway takes signed JWTs. Some issuers give one only for a named --audience or --resource.",
    "audience_mismatch": "The token is for another service: sign in with this one's --audience, --resource or --scope.",
    "issuer_unknown": "The configuration does not accept this issuer; issuers are compared exactly.",
    "group_overage": "You are in more groups than fit into a token.",
}


def _fresh(token_file: Path | None) -> Session | str:
    from vecgate.login.fresh import fresh
    from vecgate.login.session import Store

    store = Store(token_file)
    found = store.read()
    return found if isinstance(found, str) else fresh(store, found)


def _show(prompt: Prompt, no_browser: bool) -> None:
    """On standard error, so that `--json` stays one document. A code is for a browser anywhere: none is opened here."""
    warn(f"Sign in at {prompt.complete or prompt.address}")
    if prompt.code:
        warn(f"on any machine, and see that it asks for this code: {prompt.code}")
    elif _terminal() and not no_browser:
        webbrowser.open(prompt.address)
    warn("Waiting for you …")


def _terminal() -> bool:
    return sys.stderr.isatty()


def _principal(token: str, config: Path | None) -> Principal:
    """Raises Refusal, ConfigError."""
    from vecgate.config.identity import Issuer
    from vecgate.identity.rules import Misconfigured, Rules
    from vecgate.identity.tokens import Jwt, principal

    if config is not None:
        return asyncio.run(_proved(token, config))
    jwt = Jwt.parse(token)
    try:
        return principal(jwt.claims, Rules.compile(Issuer(issuer=jwt.issuer, audience="-")))
    except Misconfigured as error:
        fail(f"the token's issuer is {jwt.issuer}: {error}", code=1)


async def _proved(token: str, config: Path) -> Principal:
    from vecgate.cli.configured import hooks_at
    from vecgate.config.load import load
    from vecgate.identity.authenticator import Authenticator

    loaded = load(config, known=None)  # no engine has a say in this
    plugin = hooks_at(config).authenticate if loaded.config.plugins.load else None
    authenticator = Authenticator(loaded.config.identity, loaded.base, plugin=plugin)
    try:
        return await authenticator.authenticate(token)
    finally:
        await authenticator.stop()


def _facts(session: Session | None, principal: Principal | None) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if principal is not None:
        audience = principal.claims.get("aud", [])
        facts = {
            "issuer": principal.issuer,
            "subject": principal.subject,
            "name": principal.name,
            "groups": sorted(principal.groups),
            "client": principal.client,
            "audience": [audience] if isinstance(audience, str) else audience,
        }
    if session is not None:
        facts.setdefault("issuer", session.client.issuer)
        facts |= {"expires": _moment(session.expires), "renewable": bool(session.refresh_token)}
    return facts


def _lasting(session: Session) -> str:
    if session.refresh_token:
        return "Your token is short-lived, and renewed as long as your issuer lets it be."
    why = "the issuer gave nothing to renew it by (some do with --scope offline_access --prompt consent)"
    return f"Your token ends at {_moment(session.expires)}: {why}."


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
