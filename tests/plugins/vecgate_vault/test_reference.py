from __future__ import annotations

import pytest

from vecgate.errors import SecretError
from vecgate_vault.reference import Reference


@pytest.mark.parametrize(
    ("text", "path", "key"),
    [
        ("vault:secret/data/qdrant#api_key", "secret/data/qdrant", "api_key"),
        ("vault:team/kv/data/prod/qdrant-1.eu#key", "team/kv/data/prod/qdrant-1.eu", "key"),
    ],
)
def test_a_reference_is_a_path_as_policies_write_it_and_a_key(text: str, path: str, key: str) -> None:
    assert Reference.parse(text) == Reference(path, key)


@pytest.mark.parametrize(
    "text",
    [
        "vault:",
        "vault:secret/qdrant#key",
        "vault:secret/data/qdrant",
        "vault:secret/data/qdrant#",
        "vault:/secret/data/qdrant#key",
        "vault:secret/data/../../sys/seal#key",
        "vault:secret/data/./x#key",
        "vault:secret//data/x#key",
        "vault:secret/data/x?version=1#key",
        "vault:secret/data/%2e%2e/x#key",
        "vault:data/x#key",
        "vault:secret/data/x#a#b",
        "vault:secret/data/x\n#key",
    ],
)
def test_what_is_none_says_how_one_is_written(text: str) -> None:
    with pytest.raises(SecretError, match="is written vault:MOUNT/data/PATH#KEY"):
        Reference.parse(text)
