"""`vecgate explain`: what the gateway would answer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from vecgate.cli.options import Batch, ConfigFile, JsonLines
from vecgate.cli.output import emit_line, fail, warn


def register(app: typer.Typer) -> None:
    app.command("explain")(explain)


def explain(
    config: ConfigFile,
    connection: Annotated[str, typer.Option(metavar="NAME", help="The connection that the requests would come to.")],
    claims: Annotated[str, typer.Option("--as", metavar="CLAIMS", help="A token's claims as JSON: iss, sub and more.")],
    batch: Batch,
    at: Annotated[str | None, typer.Option(metavar="TIME", help="Judge as of this moment instead of now.")] = None,
    as_json: JsonLines = True,
) -> None:
    """Say what the gateway would answer to requests of one principal. Nothing is contacted.

    Lines are as in `vecgate classify`; to each answer come verdict, reason, grants, masks, limits and approval.
    """
    from vecgate.cli.batch import answers
    from vecgate.cli.configured import configured
    from vecgate.config.problems import did_you_mean
    from vecgate.errors import Refusal
    from vecgate.identity.claims import parse_object
    from vecgate.policy.explain import Explainer

    loaded, hooks = configured(config)
    explainer = Explainer(loaded, hooks)
    if connection not in explainer.connections:
        fail(f"--connection: {connection} is not in {config}{did_you_mean(connection, explainer.connections)}")
    moment = datetime.now(UTC) if at is None else _moment(at)
    try:
        principal = explainer.principal(parse_object(claims.encode()))
    except (Refusal, ValueError) as error:
        fail(f"--as: {error.detail or error.reason.summary if isinstance(error, Refusal) else error}")
    if principal.issuer not in loaded.config.identity.known:
        warn(f"--as: the issuer {principal.issuer} is not configured: without a plugin its tokens are refused")
    for answer in answers(batch, lambda line: explainer.explain(connection, principal, line, moment)):
        emit_line(answer)


def _moment(text: str) -> datetime:
    from pydantic import TypeAdapter, ValidationError

    from vecgate.config.units import Moment

    try:
        moment: datetime = TypeAdapter(Moment).validate_python(text)
    except ValidationError as error:
        fail(f"--at: {error.errors()[0]['ctx']['error']}")
    return moment
