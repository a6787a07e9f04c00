"""What every model of the configuration is: frozen, and closed. A misspelt key must never mean "no restriction"."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

type Text = Annotated[str, Field(min_length=1)]
type Names = Annotated[list[Text], Field(min_length=1)]
type RuleName = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{1,100}$")]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
