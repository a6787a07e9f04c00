"""Load: an operator's files as one validated configuration that knows where every rule stands.

Everything wrong is reported at once: first the form of the files, then the shape of the keys, then what they mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from glob import has_magic
from pathlib import Path
from typing import Any, Literal

import msgspec
from pydantic import ValidationError

from vecgate.config.document import Document, KeyPath, read
from vecgate.config.known import Known, from_plugins
from vecgate.config.meaning import mistakes
from vecgate.config.model import Model
from vecgate.config.models import Config, Rules
from vecgate.config.problems import problems
from vecgate.config.rules import KINDS
from vecgate.config.schema import schema
from vecgate.errors import ConfigError, Finding, PluginError


@dataclass(frozen=True)
class Source:
    """Where everything stands: the configuration's file, and for each merged rule the file and the key it came from."""

    main: Document
    included: tuple[Document, ...]
    rules: Mapping[tuple[str, int], tuple[Document, KeyPath]]

    def finding(self, path: KeyPath, message: str, at: Literal["key", "value"] = "value") -> Finding:
        """A finding at a key of the merged configuration, such as `("policy", "grants", 3, "when")`."""
        if len(path) > 2 and path[0] == "policy" and isinstance(path[2], int):
            document, base = self.rules[str(path[1]), path[2]]
            return document.finding((*base, *path[3:]), message, at)
        return self.main.finding(path, message, at)

    def ordered(self, findings: Iterable[Finding]) -> list[Finding]:
        """Findings without repetition: by file, the configuration first, then by line."""
        files = [document.file for document in (self.main, *self.included)]
        unique = dict.fromkeys(findings)
        return sorted(unique, key=lambda found: (files.index(found.file), found.line, found.column))


@dataclass(frozen=True)
class Loaded:
    """A valid configuration. Relative paths in it resolve against `base`."""

    config: Config
    base: Path
    source: Source
    notes: tuple[Finding, ...] = ()
    """What was noticed while loading and is no error."""
    depths: Mapping[str, int | None] = field(default_factory=dict)
    """Segments of the narrowest resource by connection; None or absent if unknown."""

    def resolve(self, path: str) -> Path:
        """A path of the configuration, also one written `file:PATH`, as an absolute one."""
        return (self.base / path.removeprefix("file:")).absolute()


def load(path: Path, known: Callable[[Sequence[str], Path], Known] | None = from_plugins) -> Loaded:
    """Load a configuration with everything it includes.

    `known` is called with the names under `plugins.load` and the configuration's folder and says which dialects and
    strategies there are; with None they are not checked. Raises ConfigError with every problem.
    """
    main = read(path)
    base = path.absolute().parent
    config, findings = _fill(main, Config)
    patterns = _patterns(main.data)
    files, wrong, notes = _included(main, path, base, patterns)
    findings += wrong
    included: list[tuple[Document, Rules]] = []
    for file in files:
        document, rules, wrong = _include(file, base, path.parent)
        findings += wrong
        if document is not None and rules is not None:
            included.append((document, rules))
    if config is None or findings:
        raise ConfigError(*findings)
    loaded = _merge(config, base, main, included, tuple(notes))
    given, wrong = _known(loaded, known)
    wrong += [loaded.source.finding(at, message) for at, message in mistakes(loaded.config, given)]
    if wrong:
        raise ConfigError(*loaded.source.ordered(wrong))
    if given is None:
        return loaded
    return replace(loaded, depths={each.name: given.depth(each.dialect) for each in config.connections})


def _fill[M: Model](document: Document, model: type[M]) -> tuple[M | None, list[Finding]]:
    if not isinstance(document.data, dict):
        return None, [Finding(document.file, 1, 1, "", "must be a mapping with keys, and is empty or something else")]
    try:
        return model.model_validate_json(msgspec.json.encode(document.data), strict=True), []
    except ValidationError as error:
        return None, problems(document, error, _schema(model))


@lru_cache
def _schema(model: type[Model]) -> Mapping[str, Any]:
    return schema(model)


def _patterns(data: Any) -> Sequence[str]:
    """`policy.include` as far as it can be made out, so that included files are checked along with a broken one."""
    policy = data.get("policy") if isinstance(data, dict) else None
    listed = policy.get("include") if isinstance(policy, dict) else None
    return listed if isinstance(listed, list) and all(isinstance(item, str) and item for item in listed) else []


def _included(
    main: Document, path: Path, base: Path, patterns: Sequence[str]
) -> tuple[list[Path], list[Finding], list[Finding]]:
    """The files in order, what is wrong, and what is only worth a note: a glob may match nothing, a name may not."""
    files: dict[Path, None] = {}
    wrong: list[Finding] = []
    notes: list[Finding] = []
    for index, pattern in enumerate(patterns):
        at: KeyPath = ("policy", "include", index)
        found = sorted(file for file in _glob(base, pattern) if file.is_file())
        if not found and has_magic(pattern):
            notes.append(main.finding(at, "matches no file yet"))
        elif not found:
            wrong.append(main.finding(at, "no such file"))
        elif any(file.samefile(path) for file in found):
            wrong.append(main.finding(at, "includes the configuration itself"))
        files.update((file, None) for file in found if not file.samefile(path))
    return list(files), wrong, notes


def _glob(base: Path, pattern: str) -> Iterable[Path]:
    root = Path(pattern).anchor
    return Path(root).glob(pattern[len(root) :]) if root else base.glob(pattern)


def _include(file: Path, base: Path, shown: Path) -> tuple[Document | None, Rules | None, list[Finding]]:
    name = str(shown / file.relative_to(base)) if file.is_relative_to(base) else str(file)
    try:
        document = read(file, name)
    except ConfigError as error:
        return None, None, list(error.findings)
    rules, findings = _fill(document, Rules)
    return document, rules, findings


def _known(loaded: Loaded, known: Callable[[Sequence[str], Path], Known] | None) -> tuple[Known | None, list[Finding]]:
    if known is None:
        return None, []
    try:
        return known(loaded.config.plugins.load, loaded.base), []
    except PluginError as error:
        return None, [loaded.source.finding(("plugins", "load"), str(error))]


def _merge(
    config: Config,
    base: Path,
    main: Document,
    included: Sequence[tuple[Document, Rules]],
    notes: tuple[Finding, ...],
) -> Loaded:
    merged: dict[str, list[Any]] = {}
    places: dict[tuple[str, int], tuple[Document, KeyPath]] = {}
    parts: list[tuple[Document, Rules, KeyPath]] = [(main, config.policy, ("policy",))]
    parts += [(document, rules, ()) for document, rules in included]
    for kind in KINDS:
        merged[kind] = []
        for document, rules, prefix in parts:
            for index, rule in enumerate(getattr(rules, kind)):
                places[kind, len(merged[kind])] = (document, (*prefix, kind, index))
                merged[kind].append(rule)
    policy = config.policy.model_copy(update=merged)
    source = Source(main, tuple(document for document, _ in included), places)
    return Loaded(config.model_copy(update={"policy": policy}), base, source, notes)
