"""Walk: through one value to any depth, with masks applied on the way.

The paths of what is masked are added to `masked`. Raises Unmaskable for what is nested deeper than 64, or is of
unknown type.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from unicodedata import normalize

import msgspec

from vecgate.errors import Refusal, Unmaskable
from vecgate.masking.masker import Masker
from vecgate.masking.matcher import DEPTH, Node
from vecgate.masking.strategies import DROPPED, REDACTED, FieldStrategy, Where

SCALARS: Final = frozenset({int, float, bool, type(None)})
_JSON: Final = ("{", "[", '"')
_BLANKS: Final = " \t\r\n\ufeff"
OPENS: Final = "".join((*_JSON, _BLANKS))
"""The first characters of what may be JSON; a text that begins otherwise need not be looked at."""


class Walk:
    """One for the masks of a set. `masker` and `domain` are for keyed masks."""

    __slots__ = ("_domain", "_masker")

    def __init__(self, masker: Masker | None, domain: str) -> None:
        self._masker = masker
        self._domain = domain

    def object(
        self,
        value: Mapping[str, Any],
        node: Node,
        masked: set[str],
        depth: int,
        equal: dict[tuple[str, str], Any] | None = None,
    ) -> dict[str, Any]:
        """`equal` has what texts of fields of this node came to before, in the same answer."""
        if depth > DEPTH:
            raise Unmaskable("a payload is nested too deeply")
        shown: dict[str, Any] = {}
        known = node.children
        for name, member in value.items():
            child = known.get(name) or node.child(name)
            kind = type(member)
            if child.mask is not None:
                masked.add(child.path)
                if equal is None or kind is not str or not child.mask.steady:
                    seen = self._masked(member, child, child.mask)
                elif (seen := equal.get((name, member))) is None:
                    seen = equal[name, member] = self._masked(member, child, child.mask)
            elif kind in SCALARS or (kind is str and member[:1] not in OPENS):
                seen = member
            else:
                seen = self.value(member, child, masked, depth)
            if seen is not DROPPED:
                shown[name] = seen
        return shown

    def value(self, value: Any, node: Node, masked: set[str], depth: int) -> Any:
        """DROPPED where nothing is to be shown."""
        if node.mask is not None:
            masked.add(node.path)
            return self._masked(value, node, node.mask)
        if node.dead or type(value) in SCALARS:
            return value
        if isinstance(value, str):
            return self._text(value, node, masked, depth)
        if isinstance(value, Mapping):
            return self.object(value, node, masked, depth + 1)
        if isinstance(value, list | tuple):
            if depth > DEPTH:
                raise Unmaskable("a payload is nested too deeply")
            element = node.element()
            seen = (self.value(member, element, masked, depth + 1) for member in value)
            return [member for member in seen if member is not DROPPED]
        raise Unmaskable("a payload holds a value of unknown type")

    def _text(self, value: str, node: Node, masked: set[str], depth: int) -> str:
        """A text that is itself JSON is masked inside. One that only looks like it (cut short, several in a row, other
        quotes) is redacted if it seems to give a masked name a value."""
        if not _may_be_json(value):
            return value
        text = value if value.isascii() else normalize("NFC", value)
        if not node.mentions.named(text):
            return value
        try:
            parsed = msgspec.json.decode(value.lstrip(_BLANKS))
            return msgspec.json.encode(self.value(parsed, node, masked, depth + 1)).decode()
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            if not node.mentions.assigned(text):
                return value
        except Unmaskable:
            pass
        masked.add(node.path)
        return REDACTED

    def _masked(self, value: Any, node: Node, strategy: FieldStrategy) -> Any:
        if strategy.scalar:
            if isinstance(value, str):
                if _may_be_json(value):
                    return REDACTED
            elif isinstance(value, list | tuple):
                seen = [self._masked(member, node, strategy) for member in value]
                return [member for member in seen if member is not DROPPED]
            elif isinstance(value, Mapping):
                return REDACTED
        assert self._masker is not None
        if node.where is None:
            node.where = Where(node.path, self._masker.digester(self._domain, node.path))
        try:
            return strategy(value, node.where)
        except Refusal:
            raise
        except Exception as error:
            raise Unmaskable("a mask strategy failed") from error


def _may_be_json(text: str) -> bool:
    return text[:1] in OPENS and text.lstrip(_BLANKS).startswith(_JSON)
