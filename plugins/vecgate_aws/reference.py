"""Reference: a secret by name or ARN, `aws-sm:NAME`, or one key of a JSON object in it, `aws-sm:NAME#KEY`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self

from vecgate.errors import SecretError

SCHEME: Final = "aws-sm:"
_FORM: Final = re.compile(r"([A-Za-z0-9/_+=.@:-]{1,2048})(?:#([^#\s]{1,256}))?")
"""Characters of names: Secrets Manager's CreateSecret; colons are of ARNs."""


@dataclass(frozen=True, slots=True)
class Reference:
    name: str
    key: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises SecretError."""
        found = _FORM.fullmatch(text.removeprefix(SCHEME))
        if found is None:
            raise SecretError("is written aws-sm:NAME or aws-sm:NAME#KEY, such as aws-sm:prod/qdrant#api_key")
        return cls(found[1], found[2] or "")
