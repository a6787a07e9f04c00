"""`just bench`: direct, nginx, stock mitmdump with a no-op addon and vecgate with everything on, side by side.

Rounds are interleaved, so that a noisy machine disturbs all alike: compare ratios within one run, never figures
between runs. Core 0 carries nginx and the load generator, core 1 the proxies of one process; the gateway with a process
per core shares core 0 with the load.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import tempfile
from pathlib import Path

from tests.bench.load import Sample, fire, memory_mb, script
from tests.bench.peers import GATEWAY, Peer, peers, query_body, token

BEGIN, END = "<!-- bench -->", "<!-- /bench -->"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--connections", type=int, nargs="*", default=[1, 16, 64])
    parser.add_argument("--warm", type=int, default=30_000, help="requests before the memory check")
    parser.add_argument("--soak", type=int, default=20_000, help="requests for the memory check")
    parser.add_argument("--write", type=Path, help="put the table into this Markdown file")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vecgate-bench-") as name:
        folder = Path(name)
        bearer = token(folder)
        lua = script(folder, query_body(), bearer)
        with peers(folder, bearer) as found:
            samples = measure(found, lua, args.connections, args.rounds, args.seconds)
            memory = soak(next(peer for peer in found if peer.name == GATEWAY), lua, args.warm, args.soak)
            text = table(found, samples, args.connections) + memory
    print(text)
    if args.write:
        page = args.write.read_text()
        head, rest = page.split(BEGIN)
        args.write.write_text(f"{head}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}")


def measure(
    found: list[Peer], lua: Path, connections: list[int], rounds: int, seconds: float
) -> dict[tuple[int, str], list[Sample]]:
    samples: dict[tuple[int, str], list[Sample]] = {}
    for _ in range(rounds):
        for count in connections:
            for peer in found:
                samples.setdefault((count, peer.name), []).append(fire(peer.url, lua, count, seconds, peer.pids))
    return samples


def table(found: list[Peer], samples: dict[tuple[int, str], list[Sample]], connections: list[int]) -> str:
    rounds = len(next(iter(samples.values())))
    lines = [
        f"Python {platform.python_version()}, {platform.machine()}, medians of {rounds} rounds.",
        "",
        "| connections | | requests/s | against mitmdump | p50 ms | p99 ms | CPU ms/request | peak RSS MB |",
        "|---:|---|---:|---:|---:|---:|---:|---:|",
    ]
    for count in connections:
        base = statistics.median(s.rate for s in samples[count, "mitmdump, no-op addon"])
        for peer in found:
            rows = samples[count, peer.name]
            rate, p50, p99, cpu = (
                statistics.median(values)
                for values in zip(*((s.rate, s.p50_ms, s.p99_ms, s.cpu_ms) for s in rows), strict=True)
            )
            cpu_text = f"{cpu:.2f}" if peer.pids else ""
            peak = f"{sum(map(memory_mb, peer.pids)):.0f}" if peer.pids else ""
            cells = (
                count,
                peer.name,
                f"{rate:,.0f}",
                f"{rate / base:.2f}×",
                f"{p50:.2f}",
                f"{p99:.1f}",
                cpu_text,
                peak,
            )
            lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines) + "\n"


def soak(peer: Peer, lua: Path, warm: int, requests: int) -> str:
    """Resident size after a warm-up, half-way and at the end: what follows the warm-up must add nothing."""
    done, sizes = 0, []
    for share in (warm, warm + requests // 2, warm + requests):
        while done < share:
            done += fire(peer.url, lua, 16, 3, peer.pids).requests
        sizes.append(f"{memory_mb(peer.pids[0], 'VmRSS'):.1f} MB after {done:,}")
    return f"\nMemory of the one process, in further requests: {', '.join(sizes)}.\n"


main()
