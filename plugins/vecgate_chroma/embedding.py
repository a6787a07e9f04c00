"""Embedding functions: settings that load code are refused, settings that tell of an installation are trimmed.

A Python server builds the function that a collection's configuration names, before any authentication
(CVE-2026-45829, CVE-2026-45833): with `trust_remote_code` that runs a stranger's program.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from vecgate.errors import Refusal
from vecgate.reasons import Reason

# Compared without case and separators, so that no other spelling of a member slips by.
_LOADS_CODE: Final = frozenset(
    {
        "trustremotecode",
        "remotecode",
        "coderevision",
        "automap",
        "modelkwargs",
        "modelargs",
        "configkwargs",
        "configargs",
        "tokenizerkwargs",
        "tokenizerargs",
        "processorkwargs",
        "loader",
        "module",
        "modules",
        "import",
        "class",
    }
)
_TELLS: Final = re.compile(
    r"env|key|token|secret|password|credential|auth|header|url|uri|host|base|endpoint|region|profile|session|"
    r"organi[sz]ation|account|project|deployment|path|dir|folder|file",
    re.IGNORECASE,
)


def functions(value: Any) -> Iterator[dict[str, Any]]:
    """Every `embedding_function` in a configuration or schema."""
    if isinstance(value, dict):
        for name, member in value.items():
            if name == "embedding_function" and isinstance(member, dict):
                yield member
            else:
                yield from functions(member)


def refuse_code(document: dict[str, Any]) -> None:
    """Raises Refusal: unknown_operation, the effect being refused by name; bad_body for settings that are no object."""
    for member in ("configuration", "new_configuration", "schema"):
        for function in functions(document.get(member)):
            config = function.get("config")
            if config is not None and type(config) is not dict:
                raise Refusal(Reason.BAD_BODY, "The settings of an embedding function are not an object.")
            if _loads_code(config):
                raise Refusal(Reason.UNKNOWN_OPERATION, "Embedding functions that load code are refused by name.")


def trimmed(value: Any) -> Any:
    """A copy without the settings that name variables, addresses or accounts of an installation."""
    if not isinstance(value, dict):
        return value
    return {
        name: {**member, "config": _without_telling(member["config"])}
        if name == "embedding_function" and isinstance(member, dict) and "config" in member
        else trimmed(member)
        for name, member in value.items()
    }


def _loads_code(value: Any) -> bool:
    if isinstance(value, dict):
        return any(
            re.sub(r"[^a-z]", "", name.lower()) in _LOADS_CODE or _loads_code(member) for name, member in value.items()
        )
    return isinstance(value, list) and any(map(_loads_code, value))


def _without_telling(config: Any) -> Any:
    if isinstance(config, dict):
        return {name: _without_telling(member) for name, member in config.items() if not _TELLS.search(name)}
    return config
