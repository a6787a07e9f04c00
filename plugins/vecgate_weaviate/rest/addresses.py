"""Addresses: where settings of modules say that texts go, as a whole address, or as a part from which one is made."""

from __future__ import annotations

import re
from typing import Any, Final

_NAMES: Final = (
    *("url", "uri", "endpoint", "host", "server", "addr", "port", "proxy", "origin", "domain", "gateway", "cluster"),
    *("resourcename", "region", "location", "project", "deployment", "apiversion", "isazure", "inference", "service"),
)
"""Parts of names of settings that are for addresses: Azure's is made from a resource, Amazon's from a region."""
_VALUE: Final = re.compile(
    r"//|(?:^|[@\s])(?:localhost|\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\]|[\w-]+(?:\.[\w-]+)*\.[a-z]{2,63})\.?(?::\d+)?(?:[/?#]|$)"
    r"|^[\w.-]+:[1-9]\d{1,4}(?:[/?#]|$)",
    re.IGNORECASE,
)
"""What is an address whatever it is called: with slashes, a host that has dots, or with a port."""
_WORDS: Final = frozenset({"description", "class", "name", "dataType", "stopwordPresets", "stopwords"})
"""Members that are the schema's own, and no module's."""


def names_address(value: Any) -> bool:
    """An address stands somewhere in a collection's settings."""
    if isinstance(value, str):
        return _VALUE.search(value) is not None
    if type(value) is dict:
        return any(_setting(name, one) for name, one in value.items() if name not in _WORDS)
    return type(value) is list and any(map(names_address, value))


def _setting(name: str, value: Any) -> bool:
    if type(value) in {dict, list}:
        return names_address(value)
    return bool(value) and (any(part in name.lower() for part in _NAMES) or names_address(value))
