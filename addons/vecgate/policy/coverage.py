"""Coverage: whether one rule's reach holds all of another's. Says no when in doubt."""

from __future__ import annotations

from vecgate.config.identity import Subjects
from vecgate.config.models import Grant, Place
from vecgate.policy.globs import Glob
from vecgate.policy.subjects import EVERYONE


def anyone(subjects: Subjects) -> bool:
    """It names every principal."""
    everyone = subjects.groups is None or EVERYONE in subjects.groups
    return everyone and subjects.subjects is None and subjects.issuers is None and subjects.clients is None


def subjects_within(inner: Subjects, outer: Subjects) -> bool:
    """Everyone whom `inner` names, `outer` names, too."""
    if outer.groups is not None and EVERYONE in outer.groups:
        outer = outer.model_copy(update={"groups": None})
    return all(
        getattr(outer, key) is None
        or (getattr(inner, key) is not None and set(getattr(inner, key)) <= set(getattr(outer, key)))
        for key in ("groups", "subjects", "issuers", "clients")
    )


def place_within(inner: Place, outer: Place, connections: frozenset[str]) -> bool:
    """Everything that lies in `inner` lies in `outer`, on the connections there are."""
    if outer.connections is not None and not set(inner.connections or connections) <= set(outer.connections):
        return False
    if outer.resources is None:
        return True
    globs = [Glob.parse(text) for text in outer.resources]
    # A pattern is covered like a name with `*` in it: what matches the star matches all it stands for.
    return all(any(glob.covers(text) for glob in globs) for text in inner.resources or ("**",))


def grant_within(inner: Grant, outer: Grant, connections: frozenset[str]) -> bool:
    """Whatever `inner` allows, `outer` allows, too, at any time."""
    bound = outer.from_ or outer.until or outer.when is not None or outer.on.risks or outer.on.actions
    return (
        not bound
        and set(inner.allow) <= set(outer.allow)
        and subjects_within(inner.to, outer.to)
        and place_within(inner.on, outer.on, connections)
    )
