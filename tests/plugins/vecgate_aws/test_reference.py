from __future__ import annotations

import pytest

from vecgate.errors import SecretError
from vecgate_aws.reference import Reference

ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/qdrant-GQSAiM"


@pytest.mark.parametrize(
    ("text", "name", "key"),
    [
        ("aws-sm:prod/qdrant#api_key", "prod/qdrant", "api_key"),
        ("aws-sm:prod/qdrant", "prod/qdrant", ""),
        (f"aws-sm:{ARN}#key", ARN, "key"),
    ],
)
def test_a_reference_is_a_name_or_an_arn_and_perhaps_a_key(text: str, name: str, key: str) -> None:
    assert Reference.parse(text) == Reference(name, key)


@pytest.mark.parametrize("text", ["aws-sm:", "aws-sm:#key", "aws-sm:a#", "aws-sm:a b", "aws-sm:a#b#c", "aws-sm:a?"])
def test_what_is_none_says_how_one_is_written(text: str) -> None:
    with pytest.raises(SecretError, match="is written aws-sm:NAME or aws-sm:NAME#KEY"):
        Reference.parse(text)
