"""`vecgate serve`: the gateway."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from vecgate.errors import VecgateError


def register(app: typer.Typer) -> None:
    app.command("serve")(serve)


def serve(
    config: Annotated[Path, typer.Option("-c", "--config", help="The configuration file.")],
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes on the same ports, one per core.")] = 1,
    worker: Annotated[int, typer.Option(hidden=True)] = -1,
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "warning",
) -> None:
    """Serve: every connection of the configuration, and the control plane."""
    # Large bodies come and go with every request: keep the allocator from returning them to the kernel each time.
    os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", "268435456")
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        # Not the libraries': below a warning they quote headers, tokens among them.
        logging.getLogger("vecgate").setLevel(log_level.upper())
        if workers > 1 and worker < 0:
            raise typer.Exit(_supervise(config, workers, log_level))
        raise typer.Exit(_serve(config, max(worker, 0), shared=worker >= 0))
    except (VecgateError, ValueError) as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from error


def _supervise(config: Path, workers: int, log_level: str) -> int:
    from vecgate.config.load import load
    from vecgate.serve.workers import supervise

    if load(config).config.state.url.startswith("memory:"):
        raise ValueError(
            f"{config}: state.url: memory: cannot be shared by {workers} workers; write sqlite:///state.db"
        )
    return supervise(config, workers, ["--log-level", log_level])


def _serve(config: Path, worker: int, *, shared: bool) -> int:
    from vecgate.serve.launch import serve as launch

    try:
        asyncio.run(launch(config, worker=worker, shared=shared))
    except SystemExit:  # mitmproxy's, when a port cannot be opened; it has said why
        return 2
    return 0
