"""MaskSet: the masks in force for one caller on one resource, with everything needed to apply them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, final

from vecgate.config.models import MaskRule
from vecgate.masking.masker import Masker
from vecgate.masking.matcher import DEPTH, Matcher
from vecgate.masking.paths import pattern, segments
from vecgate.masking.scores import SCORES, ScoreStrategy
from vecgate.masking.strategies import (
    DROPPED,
    FIELDS,
    REDACTED,
    VECTORS,
    FieldStrategy,
    VectorStrategy,
    strictest,
)
from vecgate.masking.walk import OPENS, SCALARS, Walk

_NOTHING: Final[frozenset[str]] = frozenset()


@final
@dataclass(frozen=True, slots=True)
class MaskSet:
    """Immutable; made once per rule combination by policy and shared between requests.

    Field paths are dotted (`address.city`); `#document` is the record's text, `#uri` its address. A pattern masks the
    field and everything beneath it; one without a dot masks the name at any depth, in a text that is itself JSON, too.
    """

    vectors: VectorStrategy | None
    """None where raw vectors are open to the caller."""
    ranking: ScoreStrategy
    fields: tuple[tuple[str, FieldStrategy], ...] = ()
    masker: Masker | None = None
    """Present where fields are masked."""
    domain: str = ""
    """Tokens of keyed masks are this domain's own: equal values of another domain get other tokens."""
    _matcher: Matcher = field(init=False, repr=False, compare=False)
    _walk: Walk = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        compiled = tuple((text, pattern(text), strategy) for text, strategy in self.fields)
        object.__setattr__(self, "_matcher", Matcher(compiled))
        object.__setattr__(self, "_walk", Walk(self.masker, self.domain))

    @classmethod
    def closed(cls) -> MaskSet:
        """What holds where no rule says otherwise: raw vectors are dropped, scores become ranks, fields are open."""
        return _shared(VECTORS["drop"], SCORES["rank"])

    @classmethod
    def combine(cls, rules: Sequence[MaskRule], *, vectors_open: bool, masker: Masker, domain: str = "") -> MaskSet:
        """What `rules`, those the caller is not cleared for, come to: the most restrictive strategy wins everywhere.

        Vectors no rule speaks of are dropped unless `vectors_open`. Scores no rule speaks of become ranks while vectors
        are masked. Raises ValueError for a strategy or a pattern that cannot be understood.
        """
        hiding = [masker.vectors(rule.vectors) for rule in rules if rule.vectors is not None]
        if not hiding and not vectors_open:
            hiding = [VECTORS["drop"]]
        ranking = [masker.scores(rule.scores) for rule in rules if rule.scores is not None]
        if not ranking:
            ranking = [SCORES["rank" if hiding else "keep"]]
        fields: dict[str, list[FieldStrategy]] = {}
        for rule in rules:
            for text, spec in rule.fields.items():
                fields.setdefault(text, []).append(masker.field(spec))
        return _merged(hiding, ranking, fields, masker, domain)

    @classmethod
    def strictest(cls, sets: Sequence[MaskSet]) -> MaskSet:
        """What these sets, all of one resource, come to: the most restrictive strategy wins everywhere."""
        if len(set(map(id, sets))) == 1:
            return sets[0]
        hiding = [each.vectors for each in sets if each.vectors is not None]
        fields: dict[str, list[FieldStrategy]] = {}
        for each in sets:
            for text, strategy in each.fields:
                fields.setdefault(text, []).append(strategy)
        masked = next((each for each in sets if each.masker is not None), sets[0])
        return _merged(hiding, [each.ranking for each in sets], fields, masked.masker, masked.domain)

    @property
    def hides_vectors(self) -> bool:
        """Raw vectors must not reach the caller: score thresholds and formulas over scores are refused."""
        return self.vectors is not None

    @property
    def fetches_vectors(self) -> bool:
        """Vectors need to be fetched at all; false for `drop`, where the request is rewritten not to ask."""
        return self.vectors is None or self.vectors.fetches

    def vector(self, values: Sequence[float]) -> list[float] | None:
        """A stored vector as the caller may see it; None where it is to be left out."""
        return list(values) if self.vectors is None else self.vectors(values)

    def scores(self, values: Sequence[float | None]) -> list[float | None] | None:
        """The scores of one ranked list, best first, as the caller may see them; None where they are left out."""
        return self.ranking(values)

    def strategy(self, path: str) -> str | None:
        """The strategy that masks exactly this field (itself or through a parent), None if it is open."""
        mask = self._matcher.root.find(path).mask
        return mask.spec if mask else None

    def payload(self, payload: Mapping[str, Any]) -> tuple[dict[str, Any], frozenset[str]]:
        """A record's payload, masked at any depth, and the paths of the fields that were masked.

        Raises Unmaskable for a payload nested deeper than 64 or with a value of unknown type.
        """
        if not self.fields:
            return dict(payload), _NOTHING
        masked: set[str] = set()
        shown = self._walk.object(payload, self._matcher.root, masked, 0)
        return shown, frozenset(masked) if masked else _NOTHING

    def payloads(
        self, payloads: Sequence[Mapping[str, Any] | None]
    ) -> tuple[list[dict[str, Any] | None], frozenset[str]]:
        """The same for one answer's records; null where a record has no payload."""
        if not self.fields:
            return [None if payload is None else dict(payload) for payload in payloads], _NOTHING
        masked: set[str] = set()
        equal: dict[tuple[str, str], Any] = {}
        root, walk = self._matcher.root, self._walk
        shown = [None if payload is None else walk.object(payload, root, masked, 0, equal) for payload in payloads]
        return shown, frozenset(masked)

    def shows(self, name: str, values: Iterable[Any]) -> bool:
        """Members of this name with these values, whatever record they are of, are seen as they are."""
        if not self.fields:
            return True
        root = self._matcher.root
        if (root.children.get(name) or root.child(name)).mask is not None:
            return False
        return all(
            kind in SCALARS or (kind is str and value[:1] not in OPENS) for value in values for kind in (type(value),)
        )

    def text(self, path: str, value: str) -> str | None:
        """One text outside the payload (`#document`, `#uri`) as the caller may see it; None where it is left out."""
        if not self.fields:
            return value
        shown = self._walk.value(value, self._matcher.root.find(path), set(), 0)
        if shown is DROPPED:
            return None
        return shown if isinstance(shown, str) else REDACTED

    def texts(self, path: str, values: Sequence[str | None]) -> list[str | None]:
        """One column of such texts; null where there is none, or none to show."""
        if not self.fields:
            return list(values)
        node = self._matcher.root.find(path)
        if node.mask is None and not any(value and value[0] in OPENS for value in values):
            return list(values)
        return [None if value is None else self.text(path, value) for value in values]

    def used(self, fields: Iterable[str]) -> str | None:
        """The first of these fields that would act as an oracle: masked, or parent or child of one.

        A field with a wildcard, or of more than 64 names, could stand for a masked one and counts as used.
        """
        if self.fields:
            for path in fields:
                if len(segments(path)) > DEPTH or "*" in path:
                    return path
                node = self._matcher.root.find(path)
                if node.mask or node.above or not node.path:  # without a path it is the payload itself, `$meta`
                    return path
        return None

    def at_least(self, other: MaskSet) -> bool:
        """This set masks everything that `other` masks, at least as strictly (for copies between resources)."""
        if other.vectors is not None and not (self.vectors is not None and self.vectors.covers(other.vectors)):
            return False
        if not self.ranking.covers(other.ranking):
            return False
        return all(self._covers(text, strategy) for text, strategy in other.fields)

    def describe(self) -> dict[str, Any]:
        """For `explain` and evidence: `{"vectors": "drop", "scores": "rank", "fields": {"ssn": "redact"}}`."""
        return {
            "vectors": "open" if self.vectors is None else self.vectors.spec,
            "scores": self.ranking.spec,
            "fields": {text: strategy.spec for text, strategy in self.fields},
        }

    def _covers(self, text: str, strategy: FieldStrategy) -> bool:
        states = self._matcher.root.states
        for name in pattern(text):
            states = self._matcher.step(states, name)
        mask = self._matcher.mask(states)
        return mask is not None and mask.covers(strategy)


def _merged(
    hiding: Sequence[VectorStrategy],
    ranking: Sequence[ScoreStrategy],
    fields: Mapping[str, Sequence[FieldStrategy]],
    masker: Masker | None,
    domain: str,
) -> MaskSet:
    vectors = strictest(hiding, VECTORS) if hiding else None
    merged = tuple(sorted((text, strictest(found, FIELDS)) for text, found in fields.items()))
    scores = strictest(ranking, SCORES)
    return _shared(vectors, scores, merged, masker, domain) if merged else _shared(vectors, scores)


@lru_cache(maxsize=1024)
def _shared(
    vectors: VectorStrategy | None,
    ranking: ScoreStrategy,
    fields: tuple[tuple[str, FieldStrategy], ...] = (),
    masker: Masker | None = None,
    domain: str = "",
) -> MaskSet:
    """Equal sets are one object: rules of other names share what was learnt about the fields."""
    return MaskSet(vectors, ranking, fields, masker, domain)
