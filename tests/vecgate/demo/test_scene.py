"""What the scene makes of what happens to its people, with collections that are made up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import pytest

from vecgate.demo.scene import Place, Scene, Step


class AuthError(Exception):
    """As the client raises one for a refusal."""


def scene() -> tuple[Scene, list[Step]]:
    steps: list[Step] = []
    return Scene(Place(1, 2, {}), steps.append), steps


def raising(error: Exception) -> Callable[[], Any]:
    def call() -> Any:
        raise error

    return call


@pytest.mark.parametrize(
    ("call", "detail", "expected"),
    [
        (raising(AuthError("No grant. [no_grant, exchange 12ab]")), "AuthError no_grant", True),
        (raising(AuthError("No grant. [no_grant]")), "AuthError no_grant", True),
        (raising(AuthError("Not so. [token_expired, exchange 12ab]")), "AuthError token_expired", False),
        (raising(ValueError("No grant. [no_grant, exchange 12ab]")), "ValueError no_grant", False),
        (raising(AuthError("broken")), "AuthError broken", False),
        (lambda: "data", "it was let through", False),
    ],
)
def test_only_the_right_refusal_is_as_expected(call: Callable[[], Any], detail: str, expected: bool) -> None:
    played, steps = scene()
    played._refused("stranger", "open", ("denied", "no_grant", "AuthError"), call)
    assert steps == [Step("stranger", "open", "denied", detail, expected)]


class Collection:
    """Answers a get as a client does."""

    def __init__(self, ssn: str, embeddings: Any) -> None:
        self.answer = {
            "metadatas": [{"ssn": ssn, "email": "hash_0123456789abcdef0123"}],
            "embeddings": np.array(embeddings),
        }

    def query(self, **asked: Any) -> Any:
        return {"ids": [["a", "b", "c"]]}

    def get(self, **asked: Any) -> Any:
        if "where" in asked:
            raise AuthError("[masked_field_used]")
        return self.answer


MASKED, CLEARED = Collection("[redacted]", None), Collection("900-12-3456", [[0.5, 0.25]])


@pytest.mark.parametrize(
    ("scientist", "owner", "masked", "cleared"),
    [
        (MASKED, CLEARED, True, True),
        (CLEARED, CLEARED, False, True),
        (Collection("900-12-3456", None), CLEARED, False, True),
        (Collection("[redacted]", [[0.5, 0.25]]), CLEARED, False, True),
        (MASKED, MASKED, True, False),
    ],
)
def test_masks_must_hide_from_one_and_not_from_the_other(
    scientist: Collection, owner: Collection, masked: bool, cleared: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    played, steps = scene()
    monkeypatch.setattr(played, "collection", {"data scientist": scientist, "owner": owner}.__getitem__)
    played.read()
    assert [step.expected for step in steps[1:3]] == [masked, cleared]


def test_an_act_that_fails_is_a_row_and_the_scene_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    played, steps = scene()
    monkeypatch.setattr(played, "client", lambda person: raising(ValueError("no"))())
    monkeypatch.setattr(played, "collection", lambda person: raising(ValueError("no"))())
    played.play()
    assert {step.what for step in steps if step.outcome == "failed"} == {
        "load",
        "read",
        "overreach",
        "approval",
        "limit",
    }
    assert not any(step.expected for step in steps)


def test_a_server_that_is_gone_ends_the_scene(monkeypatch: pytest.MonkeyPatch) -> None:
    played, steps = scene()
    monkeypatch.setattr(played, "client", lambda person: raising(httpx.ConnectError("refused"))())
    with pytest.raises(httpx.ConnectError):
        played.play()
    assert steps == []
