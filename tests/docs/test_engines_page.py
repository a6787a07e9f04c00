"""The page on engines: its configuration is one, and its table has every dialect."""

from __future__ import annotations

from pathlib import Path

from tests.support.configs import write
from tests.support.pages import blocks

from vecgate.config.load import load
from vecgate.hooks import Hooks

PAGE = (Path(__file__).parents[2] / "docs" / "engines.md").read_text(encoding="utf-8")


def test_the_configuration_is_one(tmp_path: Path) -> None:
    (snippet,) = blocks(PAGE, "yaml")
    for name in ("milvus.key", "qdrant.key", "weaviate.key", "pinecone.key"):
        (tmp_path / name).write_text("secret")
    config = load(write(tmp_path, snippet)).config
    assert [each.dialect for each in config.connections] == [
        "milvus",
        "qdrant",
        "qdrant",
        *["weaviate"] * 2,
        *["pinecone"] * 2,
    ]


def test_every_engine_is_in_the_table() -> None:
    for dialect in Hooks().dialects().values():
        assert f"| {dialect.table.title} |" in PAGE
        assert f"(operations/{dialect.name}.md)" in PAGE


def test_the_snippets_are_python() -> None:
    snippets = blocks(PAGE, "python")
    assert len(snippets) == 5
    for snippet in snippets:
        compile(snippet, "docs/engines.md", "exec")
