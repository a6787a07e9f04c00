"""`vecgate sessions`: what people did, read from evidence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from vecgate.cli.configured import hooks_at
from vecgate.cli.options import AsJson, MaybeConfig
from vecgate.cli.output import emit, fail, say, table
from vecgate.config.load import load
from vecgate.evidence.damage import Damage
from vecgate.evidence.erasure import erase as erase_contents
from vecgate.evidence.restore import Damaged
from vecgate.evidence.sessions import Archive, Session, Visit
from vecgate.evidence.signing import beside
from vecgate.evidence.signing import public_key as read_public_key
from vecgate.evidence.verify import verify

EvidenceDirectory = Annotated[
    Path | None, typer.Option("--evidence", metavar="DIR", help="The evidence directory, instead of -c.")
]
Which = Annotated[str, typer.Argument(metavar="ID", help="A session's id, or one of its exchanges'.")]
OneOrAll = Annotated[str | None, typer.Argument(metavar="[ID]", help="A session's id; all without it.")]
Out = Annotated[Path | None, typer.Option(metavar="FILE", help="Where to write; standard output without it.")]
PublicKey = Annotated[Path | None, typer.Option(metavar="FILE", help="PEM of the key that must have signed.")]
SHOWN = 5

sessions = typer.Typer(no_args_is_help=True, help="What people did, read from evidence.")


def register(app: typer.Typer) -> None:
    app.add_typer(sessions, name="sessions")


@sessions.command("list")
def list_sessions(config: MaybeConfig = None, evidence: EvidenceDirectory = None, as_json: AsJson = False) -> None:
    """All sessions by their start."""
    with _failing():
        found = Archive(_directory(config, evidence)).sessions()
    if as_json:
        emit([session.summary() for session in found])
        return
    columns = ("session", "who", "connection", "started", "requests", "records", "verdicts")
    table(columns, [_row(session) for session in found])


@sessions.command()
def show(which: Which, config: MaybeConfig = None, evidence: EvidenceDirectory = None, as_json: AsJson = False) -> None:
    """One session: every request with its verdict, its reason and what came back."""
    with _failing():
        (session,) = _read(Archive(_directory(config, evidence)), which)
    if as_json:
        emit(session.as_dict())
        return
    say(f"{session.id}  {_who(session)} on {session.connection}, {session.started} to {session.ended}")
    for visit in session.visits:
        _show(visit)


@sessions.command()
def report(
    which: OneOrAll = None,
    config: MaybeConfig = None,
    evidence: EvidenceDirectory = None,
    out: Out = None,
    public_key: PublicKey = None,
    as_json: AsJson = False,
) -> None:
    """One self-contained HTML page of a session or of all, and on it whether the evidence is sound.

    With --json, the page's path and the verification. Exit 1 if the evidence is damaged: the page says so, unless what
    is damaged cannot be read at all.
    """
    from vecgate_reports import render
    from vecgate_reports.model import build

    with _failing():
        if as_json and out is None:
            raise ValueError("--json needs --out FILE: the page itself is no JSON")
        directory = _directory(config, evidence)
        key = read_public_key(public_key.read_bytes()) if public_key else None
        verified = verify(directory, public_key=key)
        found = _read(Archive(directory), which)
        page = render(build(found, verified, directory.absolute().name, hooks_at(config).report_sections))
        if out is not None:
            out.write_text(page, encoding="utf-8")
    if as_json:
        emit({"report": str(out), "verification": verified.as_dict()})
    elif out is None:
        typer.echo(page)
    else:
        say(f"{out}: {len(found)} {'session' if len(found) == 1 else 'sessions'}")
    if not verified.valid:
        raise typer.Exit(1)


@sessions.command()
def export(
    which: OneOrAll = None,
    config: MaybeConfig = None,
    evidence: EvidenceDirectory = None,
    out: Out = None,
    as_json: Annotated[bool, typer.Option("--json", help="Which this verb always does.")] = True,
) -> None:
    """Sessions with everything that is known of them, as one JSON document."""
    with _failing():
        found = _read(Archive(_directory(config, evidence)), which)
        document = {"sessions": [session.as_dict() for session in found]}
        if out is not None:
            out.write_bytes(msgspec.json.encode(document) + b"\n")
    if out is None:
        emit(document)


@sessions.command()
def erase(
    which: Which,
    by: Annotated[str, typer.Option(metavar="NAME", help="Who orders it; recorded.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; recorded.")],
    config: MaybeConfig = None,
    evidence: EvidenceDirectory = None,
    signing_key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The signing key, if it is not where -c or the default says.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Delete a session's content keys: queries and records become unreadable, the chain stays whole. Recorded."""
    with _failing():
        directory = _directory(config, evidence)
        (session,) = _find(Archive(directory), which)
        key = signing_key or _signing_key(config, directory)
        if not key.exists():
            raise FileNotFoundError(f"there is no signing key at {key}")
        erased = erase_contents(directory, key, session.parts, by=by, reason=reason)
    if as_json:
        emit({"session": session.id, "erased": erased})
    else:
        say(f"Erased the content of {', '.join(erased)}." if erased else "There is no content left to erase.")


@contextmanager
def _failing() -> Iterator[None]:
    """Damage is a negative answer; what cannot be read or is not there is wrong use."""
    try:
        yield
    except (Damage, Damaged) as error:
        fail(f"{error}\nThe evidence is damaged.", 1)
    except (OSError, ValueError, LookupError) as error:
        fail(str(error))


def _directory(config: Path | None, evidence: Path | None) -> Path:
    if config is not None and evidence is None:
        loaded = load(config, known=None)
        return loaded.resolve(loaded.config.evidence.directory)
    if evidence is None or config is not None:
        raise ValueError("give either -c FILE or --evidence DIR")
    return evidence


def _signing_key(config: Path | None, directory: Path) -> Path:
    if config is not None:
        loaded = load(config, known=None)
        if loaded.config.evidence.signing_key:
            return loaded.resolve(loaded.config.evidence.signing_key)
    return beside(directory)


def _find(archive: Archive, which: str | None) -> list[Session]:
    found = archive.sessions()
    if which is not None:
        found = [session for session in found if session.answers_to(which)]
        if not found:
            raise LookupError(f"there is no session {which}")
    return found


def _read(archive: Archive, which: str | None) -> list[Session]:
    """The session, or all, with their contents."""
    found = _find(archive, which)
    for session in found:
        archive.read_contents(session)
    return found


def _row(session: Session) -> tuple[object, ...]:
    verdicts = ", ".join(f"{verdict} {count}" for verdict, count in sorted(session.verdicts.items()))
    started = f"{session.started[:19]}Z"
    requests = len(session.visits)
    return session.id, _who(session), session.connection, started, requests, session.points, verdicts


def _who(session: Session) -> str:
    principal = session.principal or {}
    parties = [principal, *principal.get("actors", [])]
    return " via ".join(str(each.get("name") or each.get("subject") or "not identified") for each in parties)


def _show(visit: Visit) -> None:
    facts = visit.facts
    operations = ", ".join(
        f"{each['name']} ({each['action']}) on {' '.join(each['resources']) or 'the service'}"
        for each in facts.get("operations", [])
    )
    asked = operations or f"{facts.get('method', '')} {facts.get('path', '')}"
    points = f", {facts['points']} records" if facts.get("points") else ""
    say(f"{visit.time[:23]}Z  {visit.verdict:5}  {facts.get('reason', 'no outcome')}  {asked}{points}")
    for query in visit.queries:
        say(f"    asked  {msgspec.json.encode(query).decode()}")
    for record in visit.records[:SHOWN]:
        say(f"    got    {record.get('resource')} {record.get('id')}")
    if len(visit.records) > SHOWN:
        say(f"    got    … {len(visit.records) - SHOWN} more")
    if visit.erased:
        say("    the content was erased")
