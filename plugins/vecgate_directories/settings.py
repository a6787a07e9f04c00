"""Settings: a file of a bundled directory, read as strictly as the configuration."""

from __future__ import annotations

from pathlib import Path

import msgspec
from pydantic import ValidationError

from vecgate.config.document import read
from vecgate.config.model import Model
from vecgate.config.problems import problems
from vecgate.config.schema import schema
from vecgate.errors import ConfigError, Finding


def settings[M: Model](path: Path, model: type[M]) -> M:
    """Raises ConfigError with every mistake, by file, line, column and key."""
    document = read(path)
    if not isinstance(document.data, dict):
        raise ConfigError(Finding(document.file, 1, 1, "", "must be a mapping with keys"))
    try:
        return model.model_validate_json(msgspec.json.encode(document.data), strict=True)
    except ValidationError as error:
        raise ConfigError(*problems(document, error, schema(model))) from error
