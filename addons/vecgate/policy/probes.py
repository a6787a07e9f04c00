"""Probes: who can write points of their own choice beside vectors that are masked for them.

Ranks against points that one has placed oneself give a hidden vector away, whatever the mask does to scores.
"""

from __future__ import annotations

from collections.abc import Iterator

from vecgate.config.advice import Code, Remark
from vecgate.config.identity import Subjects
from vecgate.config.load import Loaded
from vecgate.config.models import Grant
from vecgate.identity.principal import Principal
from vecgate.masking.masker import Masker
from vecgate.operations.model import Action, Resource
from vecgate.policy.policy import Policy

_READS = frozenset({Action.SEARCH, Action.READ})


def probes(loaded: Loaded, masker: Masker) -> Iterator[Remark]:
    """One remark for each grant that lets somebody write where they search masked vectors."""
    policy = Policy.compile(loaded, masker)
    for index, grant in enumerate(loaded.config.policy.grants):
        if Action.WRITE in grant.allow and (resource := _probed(policy, grant, loaded)):
            message = (
                f"on {resource}, writing and searching give masked vectors away: limit points, or clear these people"
            )
            yield Code.PROBES, ("policy", "grants", index, "allow"), message


def _probed(policy: Policy, grant: Grant, loaded: Loaded) -> Resource | None:
    """A pattern of the grant under which its people read vectors that are masked for them."""
    for connection in grant.on.connections or [each.name for each in loaded.config.connections]:
        depth = loaded.depths.get(connection)
        for pattern in grant.on.resources or ["**"]:
            for principal in _people(grant.to):
                standing = policy.standing(principal, connection, _example(pattern, depth))
                reads = any(_READS & other.actions for other in standing.covering)
                if reads and standing.masks.hides_vectors:
                    return pattern
    return None


def _people(subjects: Subjects) -> Iterator[Principal]:
    """One of each group that a grant names, and in no other group."""
    for group in subjects.groups or [""]:
        yield Principal(
            issuer=(subjects.issuers or ["an issuer"])[0],
            subject=(subjects.subjects or ["a subject"])[0],
            groups=frozenset({group}),
            client=(subjects.clients or [""])[0],
        )


def _example(pattern: str, depth: int | None) -> Resource:
    """A name that the pattern matches, as deep as records lie if it can be."""
    names = pattern.split("/")
    missing = max((depth or len(names)) - len(names) + 1, 1)
    filled = ["/".join(["x"] * missing) if name == "**" else name.replace("*", "x") for name in names]
    return "/".join(filled)
