"""Tracing: prints every call of a hook and its result, for plugin authors. Tokens, secrets and contents stay out."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, Final

from vecgate.identity.principal import Principal

VARIABLE: Final = "VECGATE_TRACE_HOOKS"
"""Set to 1, this environment variable turns tracing on; it is read when plugins are loaded."""


def enabled() -> bool:
    return os.environ.get(VARIABLE) == "1"


def traced(plugin: str, hook: str, takes: Sequence[str], function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, which prints a line on standard error each time it has returned or raised."""

    @wraps(function)
    def call(*arguments: Any) -> Any:
        begun = time.perf_counter()
        outcome = "?"
        try:
            result = function(*arguments)
            outcome = _result(hook, result)
        except BaseException as error:
            outcome = f"raised {type(error).__name__}"
            raise
        finally:
            given = ", ".join(f"{name}={_argument(name, value)}" for name, value in zip(takes, arguments, strict=True))
            micros = (time.perf_counter() - begun) * 1e6
            print(f"{plugin}: {hook}({given}) -> {outcome} [{micros:.0f} us]", file=sys.stderr)
        return result

    return call


def _argument(name: str, value: Any) -> str:
    match name, value:
        case "connection", str():
            return repr(value)
        case "principal", Principal():
            return repr(value.key)
        case "operations", _:
            return f"[{', '.join(operation.name for operation in value)}]"
        case "ticket", Mapping():
            return repr(value.get("id"))
        case "line", bytes():
            return f"{len(value)} bytes"
        case "reference" | "source", str():
            return f"{value.partition(':')[0]}:…"
        case _:
            return "…"


def _result(hook: str, result: Any) -> str:
    if result is None or hook == "vecgate_veto":
        return repr(result)
    if isinstance(result, Mapping):
        return f"{{{', '.join(map(str, result))}}}"
    if isinstance(result, Sequence) and not isinstance(result, str):
        return f"[{', '.join(type(one).__name__ for one in result)}]"
    return "…"
