from __future__ import annotations

import pytest
from starlette.types import Message, Receive, Scope, Send

from vecgate.control.guard import Guard, allowed_hosts

LOOPBACK = {"localhost:6099", "127.0.0.1:6099", "[::1]:6099"}


@pytest.mark.parametrize(
    ("host", "more"),
    [
        ("127.0.0.1", set()),
        ("::1", set()),
        ("0.0.0.0", {"0.0.0.0:6099"}),
        ("10.1.2.3", {"10.1.2.3:6099"}),
        ("Gateway.internal", {"gateway.internal:6099"}),
        ("fd00::1", {"[fd00::1]:6099"}),
    ],
)
def test_a_listener_is_known_by_its_address_and_by_loopback_names(host: str, more: set[str]) -> None:
    assert allowed_hosts(host, 6099) == LOOPBACK | more


def test_the_port_may_be_left_out_where_it_is_the_default() -> None:
    assert "localhost" in allowed_hosts("127.0.0.1", 80)


@pytest.mark.parametrize("host", ["evil.test/scim/v2/", "evil.test/scim/v2/?", "evil.test/healthz?"])
async def test_a_host_cannot_write_a_path(host: str) -> None:
    messages: list[Message] = []

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError

    async def send(message: Message) -> None:
        messages.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": "/v1/approvals",
        "query_string": b"",
        "headers": [(b"host", host.encode())],
        "server": ("127.0.0.1", 6099),
    }
    await Guard(inner, ["127.0.0.1:6099"])(scope, None, send)  # type: ignore[arg-type]  # nothing is received
    assert messages[0]["status"] == 421
