"""Subjects: does a rule's `to`, `clearance` or `reviewers` name this principal?"""

from __future__ import annotations

from vecgate.config.identity import Subjects
from vecgate.identity.principal import Principal

EVERYONE = "*"
"""As a group: every authenticated principal. All other names are literal."""


def matches(subjects: Subjects, principal: Principal) -> bool:
    """Keys combine with AND, entries of a list with OR, an omitted key matches all. Names compare exactly."""
    return (
        (subjects.groups is None or EVERYONE in subjects.groups or not principal.groups.isdisjoint(subjects.groups))
        and (subjects.subjects is None or principal.subject in subjects.subjects)
        and (subjects.issuers is None or principal.issuer in subjects.issuers)
        and (subjects.clients is None or principal.client in subjects.clients)
    )
