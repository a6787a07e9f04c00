"""Options: what mitmproxy must be set to. Applied by the launcher, demanded of every front end, at start and ever
after.

`apply(options, …)` sets them; `OptionsGuard` is an addon that refuses a change with OptionsError, which mitmproxy
answers by rolling the change back. An option that a master's addons do not register is absent, and so is what it does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mitmproxy import ctx, exceptions, optmanager
from mitmproxy.proxy import mode_specs

REQUIRED: Mapping[str, object] = {
    "connection_strategy": "lazy",  # eager opens the upstream before a request is seen
    "keep_host_header": True,  # else several become one before they are seen; the upstream gets its own all the same
    "validate_inbound_headers": True,  # mitmproxy's guard against request smuggling
    "normalize_outbound_headers": True,
    "ssl_insecure": False,
    "stream_large_bodies": None,  # above the threshold a refusal in `request` is ignored
    "store_streamed_bodies": False,
    "proxy_debug": False,  # logs the bytes sent, with the credential in them
    "http2": True,
    "rawtcp": False,
    "websocket": False,
    "onboarding": False,  # serves mitmproxy's CA
    "ignore_hosts": [],  # these four pass connections through as bytes
    "allow_hosts": [],
    "tcp_hosts": [],
    "udp_hosts": [],
    "client_replay": [],
    "connect_addr": None,
    "add_upstream_certs_to_client_chain": False,
}


def apply(options: optmanager.OptManager, *, tcp_timeout: int, body_size_limit: int) -> None:
    """Set all that is required. `tcp_timeout` in seconds must outlast the longest hold; `body_size_limit` in bytes."""
    wanted = {name: value for name, value in REQUIRED.items() if name in options}
    options.update(**wanted, tcp_timeout=tcp_timeout, body_size_limit=str(body_size_limit))


def problems(options: optmanager.OptManager) -> Iterator[str]:
    """One sentence per option that must not stand as it does."""
    for name, value in REQUIRED.items():
        if name in options and getattr(options, name) != value:
            yield f"{name} must be {value!r}"
    if not options.body_size_limit:
        yield "body_size_limit must be set"
    for spec in options.mode:
        mode = mode_specs.ProxyMode.parse(spec)
        if not isinstance(mode, mode_specs.ReverseMode) or mode.scheme not in ("http", "https"):
            yield f"mode {spec} is not a reverse proxy for http or https"


def check(options: optmanager.OptManager) -> None:
    """Raises OptionsError naming every problem."""
    if found := list(problems(options)):
        raise exceptions.OptionsError("refused: " + "; ".join(found))


class OptionsGuard:
    """Checks the options when the master runs, and refuses every later change that is dangerous."""

    name = "vecgate_options"

    def __init__(self) -> None:
        self._armed = False

    def running(self) -> None:
        check(ctx.options)
        self._armed = True

    def configure(self, updated: set[str]) -> None:
        if self._armed and updated & {*REQUIRED, "mode", "body_size_limit"}:
            check(ctx.options)
