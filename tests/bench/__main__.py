"""`just bench`: direct, nginx, stock mitmdump with a no-op addon and vecgate with everything on, side by side.

Rounds are interleaved, so that a noisy machine disturbs all alike: compare ratios within one run, never figures
between runs. Core 0 carries nginx and the load generator, core 1 the proxies of one process; the gateway with a process
per core shares core 0 with the load.
"""

from __future__ import annotations

import argparse
import platform
import tempfile
from pathlib import Path

from tests.bench import calls
from tests.bench.identity import identity
from tests.bench.load import Sample, fire, memory_mb, script
from tests.bench.parts import parts
from tests.bench.peers import GATEWAY, MITMDUMP, Peer, peers, query_body, token
from tests.bench.table import measure, table

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
        text = (
            f"Python {platform.python_version()}, {platform.machine()}, medians of {args.rounds} rounds.\n\n"
            f"HTTP/1.1, Chroma:\n\n{requests(folder, bearer, args)}\n"
            f"gRPC over cleartext HTTP/2, Milvus:\n\n{searches(folder, bearer, args)}\n"
            f"{parts()}\n{identity()}"
        )
    print(text)
    if args.write:
        page = args.write.read_text()
        head, rest = page.split(BEGIN)
        args.write.write_text(f"{head}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}")


def requests(folder: Path, bearer: str, args: argparse.Namespace) -> str:
    lua = script(folder, query_body(), bearer)

    def load(peer: Peer, connections: int) -> Sample:
        return fire(peer.url, lua, connections, args.seconds, peer.pids)

    with peers(folder, bearer) as found:
        samples = measure(found, load, args.connections, args.rounds)
        memory = soak(next(peer for peer in found if peer.name == GATEWAY), lua, args.warm, args.soak)
        return table(found, samples, args.connections, MITMDUMP) + memory


def searches(folder: Path, bearer: str, args: argparse.Namespace) -> str:
    def load(peer: Peer, connections: int) -> Sample:
        return calls.fire(peer, folder, bearer, connections, args.seconds)

    with calls.peers(folder, bearer) as found:
        samples = measure(found, load, args.connections, args.rounds)
        return table(found, samples, args.connections, calls.MITMDUMP)


def soak(peer: Peer, lua: Path, warm: int, requests: int) -> str:
    """Resident size after a warm-up, half-way and at the end: what follows the warm-up must add nothing."""
    done, sizes = 0, []
    for share in (warm, warm + requests // 2, warm + requests):
        while done < share:
            done += fire(peer.url, lua, 16, 3, peer.pids).requests
        sizes.append(f"{memory_mb(peer.pids[0], 'VmRSS'):.1f} MB after {done:,}")
    return f"\nMemory of the one process, in further requests: {', '.join(sizes)}.\n"


main()
