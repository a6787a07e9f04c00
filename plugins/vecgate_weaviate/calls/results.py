"""Results: the objects of a search's reply, masked where they stand, and the objects that references lead to.

What is on no account the request's (an object of another collection, a reference that was not followed) is withheld
with the whole reply.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from vecgate.errors import Unmaskable
from vecgate.masking import payloads
from vecgate.masking.maskset import MaskSet
from vecgate.operations.dialect import Record
from vecgate.operations.model import Resource
from vecgate_weaviate import beacons
from vecgate_weaviate.calls import values, vectors
from vecgate_weaviate.calls.selection import Selected

OPEN: Final = "keep"
_SCORES: Final = ("distance", "certainty", "score", "rerank_score")
"""Of an object's metadata; whether one is there says a field of its own."""
_MADE: Final = ("generative", "generative_present")
_GROUPS: Final = ("min_distance", "max_distance")

type Entry = tuple[Resource, str, Mapping[str, Any], list[float]]


@dataclass(slots=True)
class Results:
    """One reply at work. `masks` and `resource` are of a collection by its own name."""

    masks: Callable[[str], MaskSet]
    resource: Callable[[str], Resource]
    visible: Callable[[Resource], bool]
    entries: list[Entry] = field(default_factory=list)
    masked: set[str] = field(default_factory=set)

    def records(self) -> tuple[Record, ...]:
        return tuple(Record(name, key, kept, *(score[:1] or (None,))) for name, key, kept, score in self.entries)

    def search(self, reply: Any, selected: Selected, *, generates: bool) -> None:
        """The reply of a search. `generates`: a model was asked for something. Raises Unmaskable."""
        self.ranked(reply.results, selected)
        masks = self.masks(selected.collection)
        for group in reply.group_by_results:
            self.ranked(group.objects, selected)
            if beacons.hidden(group.name, self.visible):
                group.ClearField("name")
        if reply.group_by_results and masks.ranking.spec != OPEN:
            self._groups(reply.group_by_results, masks)
        if reply.HasField("query_profile") and not tells(masks):
            reply.ClearField("query_profile")
            self.masked.add("scores")
        if generates:
            for made, name in _made(reply):
                if text := getattr(made, name):
                    setattr(made, name, beacons.scrubbed(text, self.visible))
        else:
            _ungenerated(reply)

    def ranked(self, results: Any, selected: Selected) -> None:
        """One ranked list of objects, best first."""
        masks = self.masks(selected.collection)
        scores = [self._object(one.properties, one.metadata, selected, masks) for one in results]
        for one in results:
            one.properties.ClearField("metadata")  # of objects that references lead to: another place for vectors
        self._rank([one.metadata for one in results], scores, masks)

    def _object(self, found: Any, metadata: Any, selected: Selected, masks: MaskSet) -> list[float]:
        """Returns where evidence has the object's score."""
        if found.target_collection not in ("", selected.collection):
            raise Unmaskable("An object is of another collection than was asked.")
        payload = values.payload(found.non_ref_props)
        shown, kept = self._payload(payload, masks)
        values.put(found.non_ref_props, payload, shown)
        score: list[float] = []
        self.entries.append((self.resource(selected.collection), identity(metadata), kept, score))
        if found.ref_props:
            self._references(found.ref_props, selected, masks)
        if masks.hides_vectors and vectors.hide(metadata, masks):
            self.masked.add("vectors")
        if metadata.explain_score and not tells(masks):
            metadata.ClearField("explain_score")
            metadata.ClearField("explain_score_present")
            self.masked.add("scores")
        if not selected.identified:
            metadata.ClearField("id")
            metadata.ClearField("id_as_bytes")
        return score

    def _payload(self, payload: dict[str, Any], masks: MaskSet) -> tuple[dict[str, Any], Mapping[str, Any]]:
        """Properties as the caller may see them, and as evidence keeps them: without what could be embeddings."""
        if any(map(_may_be_numbers, payload.values())):
            return payloads.masked(payload, masks, self.masked)
        if not masks.fields:
            return payload, payload
        shown, hidden = masks.payload(payload)
        self.masked |= hidden
        return shown, shown

    def _references(self, stored: Any, selected: Selected, masks: MaskSet) -> None:
        for index in reversed(range(len(stored))):
            one = stored[index]
            targets = selected.references.get(one.prop_name)
            if targets is None:
                raise Unmaskable("The answer follows a reference that was not asked for.")
            if not leads(one.prop_name, masks):
                self.masked.add(one.prop_name)
                del stored[index]
                continue
            self._led(one.properties, targets)

    def _led(self, found: Any, targets: Mapping[str, Selected]) -> None:
        """The objects that a reference leads to, a ranked list for each of their collections."""
        lists: dict[str, list[tuple[Any, list[float]]]] = {}
        for one in found:
            name = one.target_collection or (next(iter(targets)) if len(targets) == 1 else "")
            selected = targets.get(name)
            if selected is None:
                raise Unmaskable("A reference leads to a collection that was not asked for.")
            for made in _MADE:
                one.metadata.ClearField(made)  # models are told of the objects that were searched, not of these
            score = self._object(one, one.metadata, selected, self.masks(name))
            lists.setdefault(name, []).append((one.metadata, score))
        for name, listed in lists.items():
            self._rank([metadata for metadata, _ in listed], [score for _, score in listed], self.masks(name))

    def _rank(self, listed: Sequence[Any], evidence: Sequence[list[float]], masks: MaskSet) -> None:
        for name in _SCORES:
            present = f"{name}_present"
            found = [getattr(one, name) if getattr(one, present) else None for one in listed]
            if not any(value is not None for value in found):
                continue
            shown = found if masks.ranking.spec == OPEN else masks.scores(found) or [None] * len(found)
            for one, before, after, kept in zip(listed, found, shown, evidence, strict=True):
                if after is not None:
                    kept.append(after)
                if after == before:
                    continue
                self.masked.add("scores")
                if after is None:
                    one.ClearField(name)
                    one.ClearField(present)
                else:
                    setattr(one, name, after)

    def _groups(self, groups: Sequence[Any], masks: MaskSet) -> None:
        """Distances of groups are present without saying so: where there is none to show, they are 0."""
        for name in _GROUPS:
            found = [getattr(group, name) for group in groups]
            shown = masks.scores(found) or [None] * len(found)
            for group, value in zip(groups, shown, strict=True):
                setattr(group, name, value or 0.0)
        ranked = [group for group in groups if group.HasField("rerank")]
        shown = masks.scores([group.rerank.score for group in ranked]) or [None] * len(ranked)
        for group, value in zip(ranked, shown, strict=True):
            group.rerank.score = value or 0.0
        self.masked.add("scores")


def _may_be_numbers(value: Any) -> bool:
    """Whether numbers stand in a list of it: of texts, the first one says that there are none."""
    kind = type(value)
    return kind is dict or (kind is list and bool(value) and type(value[0]) is not str)


def tells(masks: MaskSet) -> bool:
    """Sentences and profiles with scores and words of objects in them may be shown."""
    return not masks.hides_vectors and masks.ranking.spec == OPEN and not masks.fields


def leads(name: str, masks: MaskSet) -> bool:
    """A reference may be followed: it is open, and so is what lies beneath it."""
    return masks.used((name,)) is None


def identity(metadata: Any) -> str:
    if metadata.id:
        return str(metadata.id)
    return str(uuid.UUID(bytes=metadata.id_as_bytes)) if len(metadata.id_as_bytes) == 16 else ""


def _ungenerated(reply: Any) -> None:
    """Without what models have made: nobody asked for it, so nobody judged what of."""
    reply.ClearField("generative_grouped_results")
    if reply.generative_grouped_result:
        reply.ClearField("generative_grouped_result")
    for group in reply.group_by_results:
        group.ClearField("generative")
        group.ClearField("generative_result")
    for one in _everything(reply):
        one.ClearField("generative")
        for made in _MADE:
            one.metadata.ClearField(made)


def _everything(reply: Any) -> Iterable[Any]:
    yield from reply.results
    for group in reply.group_by_results:
        yield from group.objects


def _made(reply: Any) -> Iterator[tuple[Any, str]]:
    """The texts that models have made, each by its message and field; a prompt is one that properties were put into."""
    yield reply, "generative_grouped_result"
    yield from ((one.metadata, "generative") for one in _everything(reply))
    groups = reply.group_by_results
    found = (
        *reply.generative_grouped_results.values,
        *(made for one in _everything(reply) for made in one.generative.values),
        *(made for group in groups for made in (group.generative, *group.generative_result.values)),
    )
    for made in found:
        yield made, "result"
        if made.HasField("debug"):
            yield made.debug, "full_prompt"
