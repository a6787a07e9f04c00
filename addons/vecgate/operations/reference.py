"""The reference of each dialect's operations, generated: `python -m vecgate.operations.reference docs/operations`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from vecgate.hooks import Hooks
from vecgate.operations.model import Scope
from vecgate.operations.shapes import Kind, Shape
from vecgate.operations.table import Row, Table

_INTRODUCTION = """\
What the gateway knows of this engine's API. A request that is not in the table is refused with `unknown_operation`; a
query key or body member that its row does not name is refused with `unknown_member`. Resources are written
with the path's parameters; where a note says so, an operation names more, or is another action, depending on its body.
"""


def markdown(table: Table) -> str:
    """The page of one table."""
    passed = [row for row in table if not row.refused]
    refused = [row for row in table if row.refused]
    return "\n".join(
        [
            f"# {table.title}: operations",
            "",
            _INTRODUCTION,
            f"{len(passed)} operations are judged, {len(refused)} are refused by name.",
            "",
            "## Judged",
            "",
            "| operation | method and path | action | resources | risks |",
            "|---|---|---|---|---|",
            *(_judged(row) for row in passed),
            "",
            "## Refused by name",
            "",
            "| operation | method and path | why |",
            "|---|---|---|",
            *(f"| {row.operation} | {_place(row)} | {row.refused} |" for row in refused),
            "",
            "## Members",
            *(line for row in passed for line in _members(row)),
            "",
        ]
    )


def _judged(row: Row) -> str:
    resources = ", ".join(f"`{template}`" for template in row.resources) or "none"
    if row.scope is not Scope.NAMED:
        resources += f" ({row.scope})"
    risks = ", ".join(row.risks) or "none"
    return f"| {row.operation} | {_place(row)} | `{row.action}` | {resources} | {risks} |"


def _place(row: Row) -> str:
    return f"`{row.method} {row.path}`"


def _members(row: Row) -> Iterator[str]:
    """Nothing for a row with nothing to say."""
    facts = {
        "query": _kinds(row.query),
        "may stand more than once in it": _list(tuple(sorted(row.repeated))),
        "body": _body(row.body),
        "fields that steer": _list(row.fields),
        "vectors come back in": _list(row.vectors),
        "payload comes back in": _list(row.payload),
        "scores come back in": _list(row.scores),
        "copies": "from the first resource to the others" if row.copies else "",
        "note": row.note,
    }
    said = [f"- {name}: {fact}" for name, fact in facts.items() if fact]
    if said:
        yield from ("", f"### {row.operation}", "", *said)


def _body(body: Kind | None) -> str:
    if body is None:
        return ""
    return _kinds(body.members) if isinstance(body, Shape) else _escaped(body)


def _kinds(members: Mapping[str, Kind]) -> str:
    return ", ".join(f"`{name}` {_escaped(kind)}" for name, kind in members.items())


def _escaped(kind: Kind) -> str:
    return kind.describe().replace("|", "or")


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def main(folder: Path) -> None:
    """Write one page for every bundled dialect."""
    folder.mkdir(parents=True, exist_ok=True)
    for dialect in Hooks().dialects().values():
        (folder / f"{dialect.name}.md").write_text(markdown(dialect.table), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
