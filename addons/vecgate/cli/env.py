"""`vecgate env`: how an engine's own client comes to a connection as the person who is signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from vecgate.cli.options import AsJson, MaybeConfig
from vecgate.cli.output import emit, fail, say

if TYPE_CHECKING:
    from vecgate.config.models import Config, Connection
    from vecgate.operations.dialect import Dialect

_PREAMBLE = """\
from subprocess import check_output
token = lambda: check_output(["vecgate", "token"], text=True).strip()
"""


def register(app: typer.Typer) -> None:
    app.command("env")(env)


def env(
    connection: Annotated[str, typer.Argument(metavar="CONNECTION", help="A connection of the configuration.")] = "",
    config: MaybeConfig = None,
    dialect: Annotated[str, typer.Option(metavar="NAME", help="Without a configuration: the engine.")] = "",
    url: Annotated[str, typer.Option(metavar="URL", help="Without a configuration: where the gateway is.")] = "",
    grpc_url: Annotated[str, typer.Option(metavar="URL", help="The same for gRPC, where it is another one.")] = "",
    as_json: AsJson = False,
) -> None:
    """Print Python that makes an engine's own client come to a connection as you.

    vecgate env CONNECTION -c FILE, or vecgate env --dialect qdrant --url https://gateway:6016
    """
    if bool(connection and config) == bool(dialect and url):
        fail("name a connection with -c FILE, or --dialect and --url")
    if config is not None and connection:
        from vecgate.cli.configured import configured

        loaded, hooks = configured(config)
        dialect, url, grpc_url = _found(loaded.config, connection)
    else:
        from vecgate.hooks import Hooks

        hooks = Hooks()
    engines = hooks.dialects()
    if dialect not in engines:
        fail(f"unknown dialect {dialect}: there is {', '.join(sorted(engines))}")
    snippet = _snippet(engines[dialect], url, grpc_url)
    if as_json:
        emit({"dialect": dialect, "url": url, "grpc_url": grpc_url, "python": snippet})
    else:
        for line in snippet.splitlines():
            say(line)


def _snippet(dialect: Dialect, url: str, grpc_url: str) -> str:
    if not dialect.client:
        fail(f"the client of {dialect.name} is not known; send the token of vecgate token as a bearer token to {url}")
    if "{grpc_" in dialect.client and not grpc_url:
        fail(f"the client of {dialect.name} speaks gRPC, too: --grpc-url, or a connection that has names: this one")
    fields = _parts(url, "") | (_parts(grpc_url, "grpc_") if grpc_url else {})
    return _PREAMBLE + dialect.client.format(**fields)


def _found(config: Config, name: str) -> tuple[str, str, str]:
    """Dialect, address, and the address for gRPC of a connection; asked for either of two, both are told."""
    by_name = {each.name: each for each in config.connections}
    if name not in by_name:
        fail(f"there is no connection {name}: there is {', '.join(by_name)}")
    main = by_name[by_name[name].names or name]
    grpc = next((each for each in config.connections if each.names == main.name), None)
    return main.dialect, _url(main), _url(grpc) if grpc else ""


def _url(connection: Connection) -> str:
    """As clients write it; one that listens everywhere is reached on this machine."""
    from vecgate.config.addresses import Address

    address = Address.parse(connection.public or connection.listen)
    host = "127.0.0.1" if address.is_wildcard else address.host
    scheme = "https" if connection.tls or connection.public else "http"
    return f"{scheme}://[{host}]:{address.port}" if ":" in host else f"{scheme}://{host}:{address.port}"


def _parts(url: str, prefix: str) -> dict[str, Any]:
    from vecgate.config.addresses import UpstreamAddress

    try:
        found = UpstreamAddress.parse(url)
    except ValueError as error:
        fail(f"{url}: {error}")
    values = {"url": url, "host": found.address.host, "port": found.address.port, "tls": found.scheme == "https"}
    return {f"{prefix}{name}": value for name, value in values.items()}
