"""`vecgate sessions`: what people did, read from evidence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from vecgate.config.load import load
from vecgate.errors import VecgateError
from vecgate.evidence.damage import Damage
from vecgate.evidence.erasure import erase as erase_sessions
from vecgate.evidence.printable import printable
from vecgate.evidence.restore import Damaged
from vecgate.evidence.sessions import Archive, Session, Visit
from vecgate.evidence.signing import public_key as read_public_key
from vecgate.evidence.verify import verify
from vecgate.hooks import Hooks

sessions = typer.Typer(no_args_is_help=True, help="What people did, read from evidence.")

type Config = Annotated[Path | None, typer.Option("-c", "--config", metavar="FILE", help="The configuration.")]
type Evidence = Annotated[Path | None, typer.Option(metavar="DIR", help="The evidence directory, instead of -c.")]
type AsJson = Annotated[bool, typer.Option("--json", help="One JSON document.")]
type Which = Annotated[str, typer.Argument(metavar="ID", help="A session's id, or an exchange's.")]
type OneOrAll = Annotated[str | None, typer.Argument(metavar="[ID]", help="A session's id; all without it.")]
type Out = Annotated[Path | None, typer.Option(metavar="FILE", help="Where to write; standard output without it.")]


def register(app: typer.Typer) -> None:
    app.add_typer(sessions, name="sessions")


@sessions.command("list")
def list_sessions(config: Config = None, evidence: Evidence = None, as_json: AsJson = False) -> None:
    """All sessions by their start."""
    with _failing():
        found = Archive(_directory(config, evidence)).sessions()
    if as_json:
        _print_json([session.summary() for session in found])
        return
    table = Table("session", "who", "connection", "started", "requests", "records", "verdicts", box=None)
    for session in found:
        verdicts = " ".join(f"{verdict}:{count}" for verdict, count in sorted(session.verdicts.items()))
        table.add_row(
            session.id,
            printable(_who(session)),
            printable(session.connection),
            session.started[:19] + "Z",
            str(len(session.visits)),
            str(session.points),
            verdicts,
        )
    _console().print(table)


@sessions.command()
def show(which: Which, config: Config = None, evidence: Evidence = None, as_json: AsJson = False) -> None:
    """One session: every request with its verdict, reason and what came back."""
    with _failing():
        session = _find(Archive(_directory(config, evidence)), which)
    if as_json:
        _print_json(session.as_dict())
        return
    typer.echo(f"{session.id}  {printable(_who(session))}  on {printable(session.connection)}")
    for visit in session.visits:
        typer.echo(_line(visit))
        for query in visit.queries:
            typer.echo(f"    asked  {printable(msgspec.json.encode(query).decode())}")
        for record in visit.records[:5]:
            typer.echo(f"    got    {printable(record.get('resource'))} {printable(record.get('id'))}")
        if len(visit.records) > 5:
            typer.echo(f"    got    … {len(visit.records) - 5} more")
        if visit.erased:
            typer.echo("    the content was erased")


@sessions.command()
def report(
    which: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="A session's id; all sessions without it.")
    ] = None,
    config: Config = None,
    evidence: Evidence = None,
    out: Out = None,
    public_key: Annotated[Path | None, typer.Option(metavar="FILE", help="PEM that must have signed it.")] = None,
    as_json: AsJson = False,
) -> None:
    """A self-contained HTML page of one session or of all, with the verification's result on it.

    With --json, one document with the report's path and the verification. Exit 1 if the evidence is damaged: the page
    says so.
    """
    from vecgate_reports import render
    from vecgate_reports.model import build

    with _failing():
        directory = _directory(config, evidence)
        archive = Archive(directory)
        found = [_find(archive, which)] if which else archive.sessions()
        if not which:
            for session in found:
                archive.read_contents(session)
        key = read_public_key(public_key.read_bytes()) if public_key else None
        verified = verify(directory, public_key=key)
        page = render(build(found, verified, directory.name, _hooks(config).report_sections))
        if out is not None:
            out.write_text(page, encoding="utf-8")
    if as_json:
        _print_json({"report": str(out) if out else None, "verification": verified.as_dict()})
    elif out is None:
        typer.echo(page)
    else:
        typer.echo(f"{printable(out)}: {len(found)} sessions")
    if not verified.valid:
        raise typer.Exit(1)


@sessions.command()
def export(
    which: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="A session's id; all sessions without it.")
    ] = None,
    config: Config = None,
    evidence: Evidence = None,
    out: Out = None,
    as_json: AsJson = True,
) -> None:
    """Sessions with everything that is known of them, as one JSON document."""
    with _failing():
        archive = Archive(_directory(config, evidence))
        found = [_find(archive, which)] if which else archive.sessions()
        if not which:
            for session in found:
                archive.read_contents(session)
        document = msgspec.json.encode({"sessions": [session.as_dict() for session in found]})
        if out is not None:
            out.write_bytes(document + b"\n")
    if out is None:
        typer.echo(document.decode())


@sessions.command()
def erase(
    which: Which,
    by: Annotated[str, typer.Option(metavar="NAME", help="Who orders it; recorded.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; recorded.")],
    config: Config = None,
    evidence: Evidence = None,
    signing_key: Annotated[Path | None, typer.Option(metavar="FILE", help="With --evidence: the signing key.")] = None,
    as_json: AsJson = False,
) -> None:
    """Delete a session's content keys: queries and records become unreadable, the chain stays whole. Recorded."""
    with _failing():
        directory = _directory(config, evidence)
        session = _find(Archive(directory), which)
        erased = erase_sessions(
            directory, signing_key or _signing_key(config, directory), session.parts, by=by, reason=reason
        )
    if as_json:
        _print_json({"session": session.id, "erased": erased})
    else:
        typer.echo(f"Erased the content of {', '.join(erased) or 'nothing: there is no key left'}.")


@contextmanager
def _failing() -> Iterator[None]:
    """Damage is a negative answer; what cannot be read or is not there is an error of use."""
    try:
        yield
    except (Damage, Damaged) as error:
        typer.echo(f"{printable(error)}\nThe evidence is damaged.", err=True)
        raise typer.Exit(1) from error
    except (VecgateError, OSError, ValueError, LookupError) as error:
        typer.echo(f"Error: {error if isinstance(error, VecgateError) else printable(error)}", err=True)
        raise typer.Exit(2) from error


def _directory(config: Path | None, evidence: Path | None) -> Path:
    if (config is None) == (evidence is None):
        raise ValueError("give either -c FILE or --evidence DIR")
    if evidence is not None:
        return evidence
    assert config is not None
    loaded = load(config, known=None)
    return loaded.resolve(loaded.config.evidence.directory)


def _signing_key(config: Path | None, directory: Path) -> Path:
    """Configured, or beside the evidence."""
    if config is not None:
        loaded = load(config, known=None)
        if loaded.config.evidence.signing_key:
            return loaded.resolve(loaded.config.evidence.signing_key)
    return directory.absolute().parent / "signing.pem"


def _hooks(config: Path | None) -> Hooks:
    if config is None:
        return Hooks()
    loaded = load(config, known=None)
    return Hooks(loaded.config.plugins.load, folder=loaded.base)


def _find(archive: Archive, which: str) -> Session:
    session = archive.session(which)
    if session is None:
        raise LookupError(f"there is no session {which}")
    return session


def _who(session: Session) -> str:
    principal = session.principal
    return (principal.get("name") or principal.get("subject") or "") if principal else "not identified"


def _line(visit: Visit) -> str:
    facts = visit.facts
    operations = ", ".join(
        f"{each['name']} ({each['action']}) on {' '.join(each['resources']) or 'the service'}"
        for each in facts.get("operations", [])
    )
    asked = operations or f"{facts.get('method', '')} {facts.get('path', '')}"
    points = f", {facts['points']} records" if facts.get("points") else ""
    return printable(f"{visit.time[:23]}Z  {visit.verdict:5}  {facts.get('reason', 'no outcome')}  {asked}{points}")


def _print_json(document: Any) -> None:
    typer.echo(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())


def _console() -> Console:
    return Console(highlight=False, markup=False, soft_wrap=True)
