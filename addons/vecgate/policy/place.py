"""Place: a rule's `on`, compiled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from vecgate.config.models import Place as PlaceModel
from vecgate.config.models import Scope as ScopeModel
from vecgate.operations.model import Action, Operation, Resource, Risk
from vecgate.policy.globs import ANY, Glob

CHANGES: Final = frozenset({Action.WRITE, Action.DELETE, Action.ADMIN})
"""Actions whose effect on a resource may reach everything beneath it."""


def listed(resource: Resource) -> Resource | None:
    """The parent of a list, `t/d` of `t/d/*`, empty for the widest names; None for a resource that is no list."""
    if resource == "*":
        return ""
    return resource.removesuffix("/*") if resource.endswith("/*") else None


def siblings(resource: Resource) -> Resource:
    """The list that a name stands in, `t/d/*` for `t/d/c`."""
    parent, separator, _ = resource.rpartition("/")
    return f"{parent}{separator}*"


@dataclass(frozen=True)
class Place:
    """Connections and resources; None is all."""

    connections: frozenset[str] | None
    globs: tuple[Glob, ...] | None

    @classmethod
    def compile(cls, model: PlaceModel) -> Self:
        """Raises ValueError for a pattern that is none; `vecgate.config` has refused those with their position."""
        connections = None if model.connections is None else frozenset(model.connections)
        globs = None if model.resources is None else tuple(map(Glob.parse, model.resources))
        return cls(connections, globs)

    def at(self, connection: str) -> bool:
        return self.connections is None or connection in self.connections

    def covers(self, resource: Resource) -> bool:
        """Every name that the resource stands for lies here."""
        return self.globs is None or any(glob.covers(resource) for glob in self.globs)

    def beneath(self, resource: Resource) -> bool:
        """Something below the resource lies here; an empty text is the root."""
        return self.globs is None or any(glob.beneath(resource) for glob in self.globs)

    def below(self, resource: Resource) -> bool:
        """Something two or more levels below the resource lies here."""
        return self.globs is None or any(glob.below(resource) for glob in self.globs)

    def touches(self, resource: Resource, changes: bool) -> bool:
        """What is done to the resource may reach something that lies here.

        A list and the whole server reach what is beneath them, and so does a change to what is above: a rule on
        `t/d/prod_*` concerns whoever drops `t/d`.
        """
        if self.covers(resource) or ANY in resource.split("/"):
            return True
        parent = listed(resource)
        return (parent is not None and self.beneath(parent)) or (changes and self.beneath(resource))


@dataclass(frozen=True)
class Scope:
    """A place and what is done there; None is all."""

    place: Place
    actions: frozenset[Action] | None
    risks: frozenset[Risk] | None

    @classmethod
    def compile(cls, model: ScopeModel) -> Self:
        """Raises ValueError."""
        actions = None if model.actions is None else frozenset(model.actions)
        risks = None if model.risks is None else frozenset(model.risks)
        return cls(Place.compile(model), actions, risks)

    def both(self, operation: Operation) -> bool:
        """Actions and risks combine with AND; one risk of several is enough."""
        acted = self.actions is None or operation.action in self.actions
        return acted and (self.risks is None or not self.risks.isdisjoint(operation.risks))

    def either(self, operation: Operation) -> bool:
        """Actions and risks combine with OR; without both, everything matches."""
        if self.actions is None and self.risks is None:
            return True
        acted = self.actions is not None and operation.action in self.actions
        return acted or (self.risks is not None and not self.risks.isdisjoint(operation.risks))
