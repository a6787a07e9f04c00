"""Rounds of load, interleaved over the peers, and their medians as a table."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

from tests.bench.load import Sample, memory_mb
from tests.bench.peers import Peer

type Samples = dict[tuple[int, str], list[Sample]]


def measure(found: Sequence[Peer], fire: Callable[[Peer, int], Sample], connections: list[int], rounds: int) -> Samples:
    samples: Samples = {}
    for _ in range(rounds):
        for count in connections:
            for peer in found:
                samples.setdefault((count, peer.name), []).append(fire(peer, count))
    return samples


def table(found: Sequence[Peer], samples: Samples, connections: list[int], base: str) -> str:
    """Markdown; `base` is the peer that the others are held against."""
    lines = [
        "| connections | | requests/s | against mitmdump | p50 ms | p99 ms | CPU ms/request | peak RSS MB |",
        "|---:|---|---:|---:|---:|---:|---:|---:|",
    ]
    for count in connections:
        middle = statistics.median(sample.rate for sample in samples[count, base])
        lines += (_row(count, peer, samples[count, peer.name], middle) for peer in found)
    return "\n".join(lines) + "\n"


def _row(count: int, peer: Peer, samples: list[Sample], base: float) -> str:
    rate, p50, p99, cpu = (
        statistics.median(values)
        for values in zip(*((s.rate, s.p50_ms, s.p99_ms, s.cpu_ms) for s in samples), strict=True)
    )
    cells = [str(count), peer.name, f"{rate:,.0f}", f"{rate / base:.2f}×", f"{p50:.2f}", f"{p99:.1f}"]
    cells += [f"{cpu:.2f}", f"{sum(map(memory_mb, peer.pids)):.0f}"] if peer.pids else ["", ""]
    return f"| {' | '.join(cells)} |"
