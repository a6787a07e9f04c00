"""`vecgate env`: Python for the engines' own clients. That they take it is shown beside each engine, in tests/real."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from tests.support.cli import run
from tests.support.configs import write

from vecgate.hooks import Hooks

CONFIG = """\
version: 1
connections:
  - {name: chroma, dialect: chroma, listen: "127.0.0.1:6010", upstream: "http://127.0.0.1:8000"}
  - {name: everywhere, dialect: qdrant, listen: "0.0.0.0:6016", upstream: "http://127.0.0.1:6333"}
  - {name: six, dialect: milvus, listen: "[::1]:6019", upstream: "h2c://127.0.0.1:19530"}
  - {name: rest, dialect: weaviate, listen: "127.0.0.1:6018", upstream: "http://127.0.0.1:8080"}
  - {name: grpc, dialect: weaviate, listen: "127.0.0.1:6028", upstream: "h2c://127.0.0.1:50051", names: rest}
  - {name: alone, dialect: weaviate, listen: "127.0.0.1:6038", upstream: "http://127.0.0.1:8081"}
  - {name: public, dialect: pinecone, listen: "127.0.0.1:6021", upstream: "https://x.test", public: "gateway:443"}
"""
WEAVIATE = 'connect_to_custom("127.0.0.1", 6018, False, "127.0.0.1", 6028, False, '


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write(tmp_path, CONFIG)


@pytest.mark.parametrize(
    ("name", "has"),
    [
        ("chroma", 'HttpClient("127.0.0.1", 6010, False, headers={"Authorization": f"Bearer {token()}"})'),
        ("everywhere", 'QdrantClient("http://127.0.0.1:6016", auth_token_provider=token)'),
        ("six", 'MilvusClient("http://[::1]:6019", token=token())'),
        ("rest", WEAVIATE),
        ("grpc", WEAVIATE),
        ("public", 'Pinecone(api_key=token(), host="https://gateway:443")'),
    ],
)
def test_a_connection_is_told_as_its_client_takes_it(config: Path, name: str, has: str) -> None:
    code, out, err = run("env", name, "-c", config)
    assert (code, err) == (0, "")
    assert has in out
    assert run("env", name, "-c", config, "--json").document["python"] == out


@pytest.mark.parametrize("dialect", sorted(Hooks().dialects()))
def test_every_bundled_engine_has_python_for_its_client(dialect: str) -> None:
    ran = run("env", "--dialect", dialect, "--url", "https://gateway:6010", "--grpc-url", "https://gateway:6011")
    assert ran.code == 0
    assert len(ast.parse(ran.out).body) == 4


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ((), "-c FILE"),
        (("chroma",), "-c FILE"),
        (("nosuch", "-c", "FILE"), "no connection nosuch: there is chroma"),
        (("alone", "-c", "FILE"), "--grpc-url"),
        (("chroma", "-c", "FILE", "--dialect", "chroma", "--url", "http://g:1"), "-c FILE"),
        (("--dialect", "nosuch", "--url", "http://g:1"), "unknown dialect nosuch"),
        (("--dialect", "chroma", "--url", "g:1"), "http://"),
        (("--dialect", "weaviate", "--url", "http://g:1"), "--grpc-url"),
        (("--dialect", "chroma", "--url", "http://g:1/';import os#"), "g:1"),
    ],
)
def test_wrong_use_says_what_to_write(config: Path, args: tuple[str, ...], says: str) -> None:
    code, out, err = run("env", *(str(config) if arg == "FILE" else arg for arg in args))
    assert (code, out) == (2, "")
    assert says in err
