"""Document: one YAML or JSON file as plain data that still knows where each part of it stands.

YAML 1.2 by ruamel.yaml's composer; the values are made here from its nodes, so that nothing but text, numbers,
booleans, lists and mappings with text keys comes out of an operator's file, and every oddity is a finding with its
position.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from vecgate.errors import ConfigError, Finding

type KeyPath = tuple[str | int, ...]

_TAG = "tag:yaml.org,2002:"
_INTEGER = re.compile(r"[-+]?[0-9]+")
_DECIMAL = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]{1,2})?")
_DEPTH = 32
_TOO_DEEP = f"nested more than {_DEPTH} deep, or within itself"


def key_text(path: KeyPath) -> str:
    """`("policy", "grants", 0, "to")` as `policy.grants[0].to`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


@dataclass(frozen=True)
class Document:
    """A parsed file. `file` is the name findings show; `data` is None for an empty file."""

    file: str
    data: Any
    root: Node | None = field(repr=False)

    def locate(self, path: KeyPath, at: Literal["key", "value"] = "value") -> tuple[int, int]:
        """Line and column, from 1, of a key or its value; of the nearest thing above it when it is absent."""
        node, place = self.root, self.root
        for part in path:
            key, value = _child(node, part)
            if value is None:
                break
            node, place = value, key if at == "key" and key is not None else value
        return (place.start_mark.line + 1, place.start_mark.column + 1) if place is not None else (1, 1)

    def finding(self, path: KeyPath, message: str, at: Literal["key", "value"] = "value") -> Finding:
        line, column = self.locate(path, at)
        return Finding(self.file, line, column, key_text(path), message)


def read(path: Path, shown: str | None = None, *, nulls: bool = False) -> Document:
    """Read one file; `shown` is its name in findings. Raises ConfigError with all that is wrong with its form.

    A key without a value is refused unless `nulls` says that null means something in the file.
    """
    name = shown or str(path)
    try:
        text = path.read_bytes().decode()
    except OSError as error:
        raise ConfigError(Finding(name, 0, 0, "", f"cannot be read: {error.strerror}")) from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError(Finding(name, line, 1, "", "is not UTF-8")) from error
    return parse(text, name, nulls=nulls)


def parse(text: str, name: str, *, nulls: bool = False) -> Document:
    """Parse one file's text. Raises ConfigError."""
    try:
        root = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        raise ConfigError(Finding(name, line, column, "", f"not YAML: {error.problem or error.context}")) from error
    except (YAMLError, ValueError) as error:
        raise ConfigError(Finding(name, 0, 0, "", f"not YAML: {str(error).splitlines()[0]}")) from error
    except RecursionError as error:
        raise ConfigError(Finding(name, 0, 0, "", _TOO_DEEP)) from error
    if root is None:
        return Document(name, None, None)
    reader = _Reader(name, nulls)
    data = reader.value(root, ())
    if reader.findings:
        raise ConfigError(*sorted(reader.findings, key=lambda finding: (finding.line, finding.column)))
    return Document(name, data, root)


def _child(node: Node | None, part: str | int) -> tuple[Node | None, Node | None]:
    if isinstance(node, MappingNode):
        return next(((key, value) for key, value in node.value if key.value == part), (None, None))
    if isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
        return None, node.value[part]
    return None, None


class _Reader:
    """Makes data from nodes and collects what is wrong with their form."""

    def __init__(self, file: str, nulls: bool) -> None:
        self.file = file
        self.nulls = nulls
        self.findings: list[Finding] = []
        self._open: list[Node] = []

    def value(self, node: Node, path: KeyPath) -> Any:
        if isinstance(node, ScalarNode):
            return self._scalar(node, path)
        if node in self._open or len(self._open) >= _DEPTH:
            return self._refuse(node, path, _TOO_DEEP)
        self._open.append(node)
        try:
            if isinstance(node, MappingNode) and node.tag == _TAG + "map":
                return dict(self._items(node, path))
            if isinstance(node, SequenceNode) and node.tag == _TAG + "seq":
                return [self.value(child, (*path, index)) for index, child in enumerate(node.value)]
        finally:
            self._open.pop()
        return self._refuse(node, path, f"the tag {_short(node)} is not supported")

    def _items(self, node: MappingNode, path: KeyPath) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, ScalarNode) or key.tag == _TAG + "merge":
                self._refuse(key, path, "keys are plain text; merge keys are not supported")
            elif key.value in seen:
                self._refuse(key, (*path, key.value), "the key occurs twice")
            else:
                seen.add(key.value)
                yield key.value, self.value(value, (*path, key.value))

    def _scalar(self, node: ScalarNode, path: KeyPath) -> Any:
        kind = str(node.tag).removeprefix(_TAG)
        if kind == "null":
            if self.nulls:
                return None
            return self._refuse(node, path, "has no value: give it one or leave the key out")
        make = _SCALARS.get(kind)
        if make is None:
            return self._refuse(node, path, f"the tag {_short(node)} is not supported")
        try:
            return make(node.value)
        except ValueError as error:
            return self._refuse(node, path, str(error))

    def _refuse(self, node: Node, path: KeyPath, message: str) -> None:
        mark = node.start_mark
        self.findings.append(Finding(self.file, mark.line + 1, mark.column + 1, key_text(path), message))


def _short(node: Node) -> str:
    tag = str(node.tag)
    return f"!!{tag.removeprefix(_TAG)}" if tag.startswith(_TAG) else tag


def _text(value: str) -> str:
    # JSON writes characters beyond the basic plane as two escapes, which YAML reads as two characters.
    try:
        return value.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise ValueError("holds half of a surrogate pair") from None


def _integer(value: str) -> int:
    if not _INTEGER.fullmatch(value):
        raise ValueError("write whole numbers in decimal digits")
    number = int(value) if len(value) < 20 else 2**63
    if abs(number) >= 2**63:
        raise ValueError("the number is out of range")
    return number


def _fraction(value: str) -> float:
    if not _DECIMAL.fullmatch(value):
        raise ValueError("write numbers in decimal digits")
    return float(value)


def _boolean(value: str) -> bool:
    if value not in ("true", "false"):
        raise ValueError("write true or false")
    return value == "true"


_SCALARS: dict[str, Callable[[str], Any]] = {
    "str": _text,
    "timestamp": _text,
    "value": _text,
    "merge": _text,
    "bool": _boolean,
    "int": _integer,
    "float": _fraction,
}
