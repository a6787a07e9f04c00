"""The command line: one file for each group of verbs. Nothing heavy is imported before a verb is known."""

from __future__ import annotations


def main() -> None:
    """Run `vecgate`. Exit 0: good, 1: a negative answer, 2: wrong use or configuration."""
    from vecgate.cli.app import app

    app()
