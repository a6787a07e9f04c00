"""RestCall: a request with what the database has said of the names in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from vecgate.operations.model import Resource
from vecgate.operations.table import Call
from vecgate_weaviate.known import Known
from vecgate_weaviate.reach import place


@dataclass(frozen=True, slots=True)
class RestCall(Call):
    """`document` has the names as written, `sent` and `at` the collections' own."""

    known: Known = field(default_factory=Known)
    at: dict[str, str] = field(default_factory=dict)
    """The parameters of the path as they are sent."""
    sent: Any = None
    """The document that is judged, and sent."""

    @property
    def collection(self) -> str:
        """The collection that the path or, of a list of objects, the query names; empty without one."""
        if "className" in self.at:
            return self.at["className"]
        named = self.asked("class")
        return self.known.collection(named) if named else ""

    @property
    def tenant(self) -> str:
        return self.asked("tenant")

    @property
    def resource(self) -> Resource:
        return place(self.collection, self.tenant)

    def asked(self, name: str) -> str:
        """A value of the query, or an empty text."""
        return next((value for key, value in self.query if key == name), "")
