"""The JSON Schema says what files may hold: the same that loading accepts."""

from __future__ import annotations

from vecgate.config.schema import schema


def test_unknown_keys_are_refused_everywhere() -> None:
    made = schema()
    objects = [each for each in (made, *made["$defs"].values()) if each.get("type") == "object"]

    assert all(each["additionalProperties"] is False for each in objects)


def test_units_have_their_defaults_as_text() -> None:
    assert schema()["$defs"]["Bounds"]["properties"]["body"]["default"] == "40MiB"


def test_null_stands_nowhere() -> None:
    assert "null" not in str(schema())
    assert "None" not in str(schema())


def test_only_what_must_be_given_is_required() -> None:
    made = schema()
    required = {name: each.get("required", []) for name, each in made["$defs"].items()}

    assert made["required"] == ["version", "connections"]
    assert required["Connection"] == ["name", "dialect", "listen", "upstream"]
    assert required["Issuer"] == ["issuer", "audience"]
    assert required["Grant"] == ["name", "allow"]
    assert required["ApprovalRule"] == ["name", "reviewers"]
