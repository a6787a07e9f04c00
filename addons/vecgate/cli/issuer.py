"""`vecgate issuer`: the keys of the gateway's own issuer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vecgate.cli.options import AsJson, ConfigFile
from vecgate.cli.output import emit, fail, say, table

if TYPE_CHECKING:
    from vecgate.issuer.keyring import Ring
    from vecgate.issuer.ringfile import RingFile


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True)
    group.command()(keys)
    group.command()(rotate)
    app.add_typer(group, name="issuer", help="List and rotate the keys of the gateway's own issuer.")


def keys(config: ConfigFile, as_json: AsJson = False) -> None:
    """List the keys: the one that signs, and those whose tokens may still live."""
    _show(_ring(config).current(), as_json)


def rotate(
    config: ConfigFile,
    forget: Annotated[
        bool, typer.Option("--forget", help="Forget the old keys at once, with every token they signed.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Sign with a new key from now on. Gateways that run take it up within a second, without a restart.

    Old keys are published for as long as tokens that they signed may live, so nobody has to sign in again. If a key
    may have leaked, --forget ends its tokens as well.
    """
    ring = _ring(config)
    try:
        rotated = ring.rotate(forget=forget)
    except (OSError, ValueError) as error:
        fail(f"the keys cannot be rotated: {error}")
    _show(rotated, as_json)


def _ring(config: Any) -> RingFile:
    from vecgate.config.load import load
    from vecgate.issuer.open import ring_path
    from vecgate.issuer.ringfile import RingFile

    loaded = load(config)
    own = loaded.config.identity.own
    if own is None:
        fail(f"{config}: identity.own: the gateway has no issuer of its own")
    path = ring_path(own, loaded.config.state.url, loaded.base)
    if path is None:
        fail(f"{config}: identity.own.keys: the keys are in no file of the gateway's: rotate them where they are kept")
    if not path.exists():
        fail(f"{path}: there are no keys yet: the first start makes them")
    return RingFile(path, own.lifetime.seconds, own.rotate.seconds)


def _show(ring: Ring, as_json: bool) -> None:
    listed = [{"kid": key.material.kid, "made": _moment(key.made), "until": _moment(key.until)} for key in ring.keys]
    if as_json:
        emit({"keys": listed})
        return
    table(("KEY", "MADE", "UNTIL"), [(key["kid"], key["made"], key["until"] or "signs") for key in listed])
    if len(listed) > 1:
        say("Keys that no longer sign are published until their last token has ended.")


def _moment(time: float | None) -> str | None:
    return None if time is None else datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
