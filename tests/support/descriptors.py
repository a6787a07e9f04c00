"""The engines' published `.proto` files, compiled to what the plugins carry: `python -m tests.support.descriptors`."""

from __future__ import annotations

import sys
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

ROOT: Final = Path(__file__).parents[2]
SPECS: Final = ROOT / "tests" / "specs"
ENGINES: Final = {
    "qdrant": ("qdrant.proto",),
    "milvus": ("milvus.proto", "health.proto"),
    "weaviate": ("v1/weaviate.proto", "health.proto"),
    "pinecone": ("db_data_2026-04.proto", "health.proto"),
}
"""The files of each engine that hold its services; what they import comes along."""


def compiled(engine: str) -> bytes:
    """A FileDescriptorSet, imports first."""
    from grpc_tools import protoc  # type: ignore[import-untyped]  # has no stubs

    tools = Path(str(resources.files("grpc_tools")))
    includes = [SPECS / f"{engine}-proto", SPECS, tools / "_proto", tools.parent]
    with TemporaryDirectory() as folder:
        target = Path(folder) / "descriptors.binpb"
        arguments = [*(f"-I{path}" for path in includes), "--include_imports", f"--descriptor_set_out={target}"]
        if protoc.main(["protoc", *arguments, *ENGINES[engine]]):
            raise ValueError(f"the .proto files of {engine} do not compile")
        return target.read_bytes()


def carried(engine: str) -> Path:
    return ROOT / "plugins" / f"vecgate_{engine}" / "descriptors.binpb"


def main(engines: list[str]) -> None:
    for engine in engines or ENGINES:
        carried(engine).write_bytes(compiled(engine))


if __name__ == "__main__":
    main(sys.argv[1:])
