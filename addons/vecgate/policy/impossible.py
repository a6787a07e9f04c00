"""Impossible: conditions that compile and can never hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from vecgate.config.problems import did_you_mean
from vecgate.identity.principal import Principal
from vecgate.operations.model import Action, Operation
from vecgate.policy.conditions import MEMBERS, Condition, RequestFacts, Situation

_TEXTS = re.compile(r"""("{3}|'{3}).*?\1|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'""", re.DOTALL)
_MEMBER = re.compile(r"(?<![\w.])(principal|operation|request)\s*\.\s*(\w+)")
_BOUND = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(\s*(\w+)\s*,")


def impossible(text: str) -> Iterator[str]:
    """Why the condition can never hold, or probably means something else."""
    condition = Condition(text)
    bare = _TEXTS.sub('""', text)
    bound = set(_BOUND.findall(bare))
    unknown = [name for name in condition.variables if name not in MEMBERS and name not in bound]
    for name in unknown:
        yield f"{name} is no variable{did_you_mean(name, MEMBERS) or ': there is principal, operation and request'}"
    for variable, member in dict.fromkeys(_MEMBER.findall(bare)):
        if member not in MEMBERS[variable]:
            yield f"{variable} has no {member}{did_you_mean(member, MEMBERS[variable])}"
    if not condition.variables and not _SITUATION.holds(condition, _OPERATION):
        yield "can never hold"


_OPERATION = Operation("none", Action.META)
_SITUATION = Situation(Principal("none", "nobody"), datetime(2000, 1, 1, tzinfo=UTC), RequestFacts())
