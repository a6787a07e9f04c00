"""The JSON Schema of a configuration, as editors use it."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from vecgate.config.model import Model
from vecgate.config.models import Config
from vecgate.config.units import Unit


class _Schema(GenerateJsonSchema):
    """Says what files may hold: null never stands in one, and units are written as text."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        if "default" in schema and (schema["default"] is None or isinstance(schema["default"], Model)):
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)

    def encode_default(self, dft: Any) -> Any:
        return str(dft) if isinstance(dft, Unit) else super().encode_default(dft)


def schema(model: type[Model] = Config) -> dict[str, Any]:
    """JSON Schema (draft 2020-12), of the whole configuration or of one part."""
    made = model.model_json_schema(schema_generator=_Schema)
    return {"$schema": _Schema.schema_dialect, **made, "title": "vecgate configuration"}
