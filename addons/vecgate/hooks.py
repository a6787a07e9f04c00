"""Hooks: the plugins that are loaded, and one typed method for each hook.

Bundled parts come through the entry points of vecgate itself; of the plugins that others installed, only those that
configuration names are imported. A hook of plugins named first is called first, bundled parts come last.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pluggy

from vecgate import hookspecs, plugins, tracing
from vecgate.errors import PluginError
from vecgate.hookspecs import PROJECT
from vecgate.identity.principal import Principal
from vecgate.masking.strategies import FIELDS, VECTORS, FieldStrategy, VectorStrategy
from vecgate.operations.dialect import Dialect
from vecgate.plugins import Plugin

if TYPE_CHECKING:
    from vecgate.operations.model import Operation
    from vecgate.reporting import Section

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Call:
    plugin: str
    function: Callable[..., Any]
    takes: tuple[str, ...]

    def __call__(self, **given: Any) -> Any:
        return self.function(*[given[name] for name in self.takes])


class Hooks:
    """One per configuration. Raises PluginError, with the plugin's name, for whatever cannot be loaded or is wrong."""

    def __init__(self, load: Sequence[str] = (), *, folder: Path | None = None) -> None:
        """Load the bundled plugins and those of `load`: names of entry points, or `file:PATH` of one-file plugins.

        Relative paths are relative to `folder`, the configuration's.
        """
        self._setup()
        for plugin, module in plugins.bundled():
            self._add(plugin, module)
        for plugin, module in reversed([*plugins.named(load, folder or Path())]):
            self._add(plugin, module)
        self._prepare()

    @classmethod
    def of(cls, **given: object) -> Self:
        """Hooks of these plugins alone, by name: for tests and for programs that embed vecgate."""
        hooks = cls.__new__(cls)
        hooks._setup()
        for name, plugin in reversed(given.items()):
            hooks._add(Plugin(name, "", "given", bundled=False), plugin)
        hooks._prepare()
        return hooks

    def describe(self) -> tuple[Plugin, ...]:
        """What is loaded, bundled parts first."""
        return tuple(sorted(self._plugins, key=lambda plugin: (not plugin.bundled, plugin.name)))

    def implements(self, hook: str) -> bool:
        """Does any plugin implement this hook?"""
        return bool(self._calls[hook])

    def dialects(self) -> dict[str, Dialect]:
        """Every dialect by its name. Raises PluginError if one fails or two have the same name."""
        dialects: dict[str, Dialect] = {}
        for plugin, contributed in self._collect("vecgate_dialects"):
            for dialect in _sequence(plugin, "vecgate_dialects", contributed):
                if not isinstance(dialect, Dialect):
                    raise PluginError(plugin, f"vecgate_dialects gave {type(dialect).__name__}, which is no Dialect")
                if dialect.name in dialects:
                    raise PluginError(plugin, f"dialect {dialect.name} is taken")
                dialects[dialect.name] = dialect
        return dialects

    def authenticate(self, token: str, connection: str) -> Principal | None:
        """The principal that the first plugin to know the token makes of it. Raises Refusal and what plugins raise."""
        for call in self._calls["vecgate_authenticate"]:
            if (principal := call(token=token, connection=connection)) is not None:
                if not (isinstance(principal, Principal) and principal.issuer and principal.subject):
                    raise PluginError(call.plugin, "vecgate_authenticate gave no principal with issuer and subject")
                return principal
        return None

    def veto(self, principal: Principal, operations: Sequence[Operation], connection: str) -> str | None:
        """Why a plugin refuses the request, never empty; None if none does. Each is asked about the principal and about
        everybody who acts for it. Raises what plugins raise."""
        for call in self._calls["vecgate_veto"]:
            for party in principal.parties:
                said = call(principal=party, operations=operations, connection=connection)
                if said is not None:
                    return said if isinstance(said, str) and said else "A plugin refuses the request."
        return None

    def mask_strategies(self) -> dict[str, FieldStrategy | VectorStrategy]:
        """The strategies that plugins add, by name. Raises PluginError if a name is taken."""
        strategies: dict[str, FieldStrategy | VectorStrategy] = {}
        for plugin, contributed in self._collect("vecgate_mask_strategies"):
            if not isinstance(contributed, Mapping):
                raise PluginError(plugin, "vecgate_mask_strategies must return a mapping")
            for name, strategy in contributed.items():
                if not isinstance(strategy, FieldStrategy | VectorStrategy):
                    raise PluginError(plugin, f"mask strategy {name} is no FieldStrategy or VectorStrategy")
                if not isinstance(name, str) or not name or ":" in name:
                    raise PluginError(plugin, f"mask strategy {name!r}: a name is a text without a colon")
                if name in strategies or name in FIELDS or name in VECTORS:
                    raise PluginError(plugin, f"mask strategy {name} is taken")
                strategies[name] = strategy
        return strategies

    def secret(self, reference: str) -> str | None:
        """What the first plugin to know the reference's scheme resolves it to. Raises what plugins raise."""
        for call in self._calls["vecgate_secret"]:
            if (value := call(reference=reference)) is not None:
                if not isinstance(value, str):
                    raise PluginError(call.plugin, "vecgate_secret must return a text")
                return value
        return None

    def approval_opened(self, ticket: Mapping[str, Any]) -> None:
        """Tell every plugin of a ticket that waits. Never raises: what goes wrong is logged."""
        self._tell("vecgate_approval_opened", ticket)

    def approval_decided(self, ticket: Mapping[str, Any]) -> None:
        """Tell every plugin how a ticket ended. Never raises: what goes wrong is logged."""
        self._tell("vecgate_approval_decided", ticket)

    def evidence(self, line: bytes) -> None:
        """Give a record to every sink. Raises what the first one that fails raises, after all have been called."""
        failure: Exception | None = None
        for call in self._calls["vecgate_evidence"]:
            try:
                call(line=line)
            except Exception as error:
                failure = failure or error
        if failure:
            raise failure

    def report_sections(self, session: Mapping[str, Any]) -> list[Section]:
        """The sections that plugins add to a report. Raises PluginError if one fails."""
        return [
            section
            for plugin, contributed in self._collect("vecgate_report_sections", session=session)
            for section in _sequence(plugin, "vecgate_report_sections", contributed)
        ]

    def cli(self, app: Any) -> None:
        """Let plugins add their verbs. Raises PluginError if one fails."""
        for _ in self._collect("vecgate_cli", app=app):
            pass

    def _setup(self) -> None:
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._plugins: list[Plugin] = []
        self._calls: dict[str, tuple[_Call, ...]] = {}

    def _add(self, plugin: Plugin, module: object) -> None:
        hooks = tuple(plugins.implemented(plugin.name, module, self._manager))
        if not hooks and not plugin.bundled:
            raise PluginError(plugin.name, "it implements no hook: mark functions with vecgate.hookspecs.hookimpl")
        try:
            self._manager.register(module, plugin.name)
            self._manager.check_pending()
        except pluggy.PluginValidationError as error:
            raise PluginError(plugin.name, " ".join(str(error).split())) from error
        except ValueError as error:
            raise PluginError(plugin.name, "it is loaded already, perhaps by another name") from error
        self._plugins.append(replace(plugin, hooks=hooks))

    def _prepare(self) -> None:
        """Fix the calls of every hook, in pluggy's order: what was registered last comes first."""
        for hook, caller in self._manager.hook.__dict__.items():
            if hook.startswith("vecgate_"):
                found = reversed(caller.get_hookimpls())
                self._calls[hook] = tuple(self._call(hook, implementation) for implementation in found)

    @staticmethod
    def _call(hook: str, found: pluggy.HookImpl) -> _Call:
        function = found.function
        if tracing.enabled():
            function = tracing.traced(found.plugin_name, hook, found.argnames, function)
        return _Call(found.plugin_name, function, tuple(found.argnames))

    def _collect(self, hook: str, **given: Any) -> Iterator[tuple[str, Any]]:
        """What each plugin returns, bundled parts first, so that a later one is blamed for a name that is taken."""
        for call in reversed(self._calls[hook]):
            try:
                result = call(**given)
            except Exception as error:
                raise PluginError(call.plugin, f"{hook} failed: {error}") from error
            if result is not None:
                yield call.plugin, result

    def _tell(self, hook: str, ticket: Mapping[str, Any]) -> None:
        for call in self._calls[hook]:
            try:
                call(ticket=ticket)
            except Exception:
                log.exception("plugin %s: %s failed", call.plugin, hook)


def _sequence(plugin: str, hook: str, contributed: Any) -> Sequence[Any]:
    if isinstance(contributed, Sequence) and not isinstance(contributed, str):
        return contributed
    raise PluginError(plugin, f"{hook} must return a sequence")
