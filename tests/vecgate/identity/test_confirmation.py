"""Bound tokens: one certificate's SHA-256, or refused."""

from __future__ import annotations

from typing import Any

import pytest

from vecgate.errors import Refusal
from vecgate.identity.certificate import Certificate
from vecgate.identity.confirmation import confirmation, shown
from vecgate.reasons import Reason

DIGEST = "A" * 43
CERTIFICATE = Certificate(DIGEST, "1", 100.0, ())


def test_a_token_without_a_binding_is_bound_to_nothing() -> None:
    assert confirmation({"sub": "alice"}) == ""


def test_a_binding_to_a_certificate_is_its_thumbprint() -> None:
    assert confirmation({"cnf": {"x5t#S256": DIGEST}}) == DIGEST


@pytest.mark.parametrize(
    "bound",
    [
        None,
        {},
        [],
        "x5t#S256",
        {"jkt": DIGEST},
        {"jwk": {}},
        {"x5t#S256": DIGEST, "jkt": DIGEST},
        {"x5t": DIGEST},
        {"X5T#S256": DIGEST},
        {"x5t#S256": ""},
        {"x5t#S256": None},
        {"x5t#S256": [DIGEST]},
        {"x5t#S256": DIGEST + "="},
        {"x5t#S256": DIGEST[:-1]},
        {"x5t#S256": f"{DIGEST}\n"},
    ],
    ids=str,
)
def test_any_other_binding_is_refused(bound: Any) -> None:
    with pytest.raises(Refusal) as caught:
        confirmation({"cnf": bound})
    assert caught.value.reason is Reason.TOKEN_INVALID


def test_a_certificate_counts_while_it_lasts() -> None:
    assert shown(DIGEST, CERTIFICATE, 99.9)
    assert not shown(DIGEST, CERTIFICATE, 100.0)
    assert not shown("B" * 43, CERTIFICATE, 0.0)
    assert not shown(DIGEST, None, 0.0)
