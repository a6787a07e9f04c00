"""Table: every operation of Pinecone, judged or refused by name."""

from __future__ import annotations

from typing import Final

from vecgate.operations.table import Table
from vecgate_pinecone.rows import calls, control, data, refused

TABLE: Final = Table("pinecone", "Pinecone", (*data.ROWS, *calls.ROWS, *control.ROWS, *refused.ROWS))
