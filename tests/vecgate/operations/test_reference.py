from __future__ import annotations

from pathlib import Path

from vecgate.operations.reference import main

DOCS = Path(__file__).parents[3] / "docs" / "operations"


def test_the_reference_is_what_the_tables_say(tmp_path: Path) -> None:
    main(tmp_path)
    generated = {page.name: page.read_text(encoding="utf-8") for page in tmp_path.iterdir()}
    assert generated, "no dialect has a page"
    for name, text in generated.items():
        assert (DOCS / name).read_text(encoding="utf-8") == text, (
            f"{name} is stale: python -m vecgate.operations.reference docs/operations"
        )
