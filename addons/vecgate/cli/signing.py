"""Signing in: where its settings come from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec

from vecgate.config.identity import Issuer
from vecgate.errors import LoginError
from vecgate.login.client import Client
from vecgate.login.session import Store


class Given(NamedTuple):
    """What stands on the command line; empty where it does not."""

    issuer: str
    client_id: str
    secret_file: Path | None
    scopes: tuple[str, ...]
    audience: str
    resource: str
    prompt: str
    redirect: str


def settings(given: Given, config: Path | None, store: Store) -> Client:
    """The command line over the configuration over the last sign-in. Raises LoginError, ConfigError."""
    client = _configured(config, given.issuer) if config else _last(store, given.issuer)
    changes = {
        "issuer": given.issuer,
        "client_id": given.client_id,
        "scopes": given.scopes,
        "audience": given.audience,
        "resource": given.resource,
        "prompt": given.prompt,
        "redirect": given.redirect,
        "secret": _secret(given.secret_file) if given.secret_file else "",
    }
    client = msgspec.structs.replace(client, **{name: value for name, value in changes.items() if value})
    if not client.issuer or not client.client_id:
        raise LoginError(
            "where do you sign in, and as which client? Write --issuer URL --client-id ID (whoever runs the gateway "
            "knows both), or -c FILE with a configuration whose issuer has login"
        )
    return client


def _last(store: Store, issuer: str) -> Client:
    """As the last time, unless that was somewhere else."""
    session = store.claim()
    known = session is not None and issuer in ("", session.client.issuer)
    return session.client if session is not None and known else Client(issuer="", client_id="")


def _configured(config: Path, issuer: str) -> Client:
    from vecgate.cli.configured import hooks_at
    from vecgate.config.load import load

    loaded = load(config, known=None)  # no engine has a say in this
    found = _chosen(config, loaded.config.identity.issuers, issuer)
    login = found.login
    if login is None:
        return Client(issuer=found.issuer, client_id="")
    return Client(
        issuer=found.issuer,
        client_id=login.client_id,
        secret=_resolved(login.client_secret, loaded.base, lambda reference: hooks_at(config).secret(reference))
        if login.client_secret
        else "",
        scopes=tuple(login.scopes or ()),
        audience=login.audience or "",
        resource=login.resource or "",
        prompt=login.prompt or "",
        redirect=login.redirect,
    )


def _chosen(config: Path, issuers: list[Issuer], named: str) -> Issuer:
    fitting = [each for each in issuers if (each.issuer == named if named else each.login is not None)]
    if len(fitting) == 1:
        return fitting[0]
    if named:
        raise LoginError(f"{config} knows no issuer {named}; it must be written exactly so")
    if fitting:
        listed = " or ".join(each.issuer for each in fitting)
        raise LoginError(f"{config} lets people sign in at several issuers: --issuer {listed}")
    raise LoginError(f"{config} has no issuer with login: write it there, like login: {{client_id: vecgate-cli}}")


def _resolved(reference: str, base: Path, hook: Callable[[str], str | None]) -> str:
    from vecgate.secrets.resolve import resolve

    return resolve(reference, base, hook, key="identity.issuers.login.client_secret")


def _secret(path: Path) -> str:
    try:
        secret = path.read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        raise LoginError(f"{path}: {error}") from None
    if not secret:
        raise LoginError(f"{path} is empty")
    return secret
