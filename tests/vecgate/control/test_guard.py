from __future__ import annotations

import pytest

from vecgate.control.guard import allowed_hosts

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
