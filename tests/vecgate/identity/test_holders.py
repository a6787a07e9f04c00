"""Whom a certificate stands for: one name of one kind, exactly, on the connections that take it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from vecgate.config.identity import Certificates
from vecgate.errors import Refusal
from vecgate.identity.certificate import Certificate
from vecgate.identity.holders import Holders
from vecgate.reasons import Reason

INGEST = "spiffe://example.org/ingest"


def certificate(**names: tuple[str, ...]) -> Certificate:
    kinds = {kind: names.get(kind, ()) for kind in ("cn", "o", "ou", "dn", "uri", "dns", "email")}
    return Certificate("A" * 43, "4d2", 9e9, tuple(kinds.items()))


def holders(**changes: Any) -> Holders:
    entry: dict[str, Any] = {"issuer": "urn:pki", "connections": ["docs"], "name": "uri"}
    return Holders([Certificates.model_validate(entry | changes)])


def test_the_configured_name_is_the_subject() -> None:
    given = certificate(uri=(INGEST,), cn=("other",))
    found = holders().find(given, "docs")
    assert found is not None
    assert (found.issuer, found.subject, found.name) == ("urn:pki", INGEST, INGEST)
    assert (found.token_id, found.expires, found.fingerprint) == ("4d2", 9e9, given.fingerprint)
    assert found.claims["certificate"]["cn"] == ["other"]
    assert found.groups == frozenset()


@pytest.mark.parametrize("kind", ["uri", "dns", "email", "cn", "dn"])
def test_every_kind_can_be_the_name(kind: str) -> None:
    found = holders(name=kind).find(certificate(**{kind: ("x.example",)}), "docs")
    assert found is not None
    assert found.subject == "x.example"


def test_where_a_connection_takes_none_nobody_is_found() -> None:
    assert holders().find(certificate(uri=(INGEST,)), "other") is None


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("uri", ()),
        ("uri", (INGEST, "spiffe://example.org/admin")),
        ("uri", (INGEST, INGEST)),
        ("uri", ("",)),
        ("uri", (" ",)),
        ("cn", ("root\0.example",)),
        ("cn", ("al\u202eice",)),
        ("cn", ("alice\nroot",)),
        ("dns", ("*.example.org",)),
        ("email", ()),
        ("dn", ()),
    ],
)
def test_what_does_not_name_exactly_one_is_nobody(kind: str, values: tuple[str, ...]) -> None:
    with pytest.raises(Refusal) as caught:
        holders(name=kind).find(certificate(**{kind: values}, ou=("Data",)), "docs")
    assert caught.value.reason is Reason.TOKEN_INVALID


def test_groups_come_from_exact_names_and_attributes() -> None:
    made = holders(
        groups={"pipelines": [INGEST, "x"], "admins": ["spiffe://example.org/ing*"], "others": [INGEST[:-1]]},
        groups_from=["o", "ou"],
    )
    found = made.find(certificate(uri=(INGEST,), ou=("Data", "Jobs"), o=("Example",)), "docs")
    assert found is not None
    assert found.groups == {"pipelines", "Data", "Jobs", "Example"}


def test_attributes_are_no_groups_unless_configured() -> None:
    found = holders().find(certificate(uri=(INGEST,), ou=("admins",), o=("admins",)), "docs")
    assert found is not None
    assert found.groups == frozenset()


def test_names_are_compared_in_normal_form() -> None:
    found = holders(name="cn", groups={"g": ["caf\u00e9"]}).find(certificate(cn=("cafe\u0301",)), "docs")
    assert found is not None
    assert found.subject == "caf\u00e9"
    assert found.groups == {"g"}


def test_the_same_holder_is_the_same_object_and_another_certificate_is_not() -> None:
    made = holders()
    one = made.find(certificate(uri=(INGEST,)), "docs")
    assert made.find(certificate(uri=(INGEST,)), "docs") is one
    later = made.find(replace(certificate(uri=(INGEST,)), expires=1e9), "docs")
    assert later is not one
    assert later is not None
    assert later.expires == 1e9
