from __future__ import annotations

import sys
import traceback
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from vecgate.errors import SecretError
from vecgate_aws.reference import Reference
from vecgate_aws.store import SecretsManager, _client

SECRET = "s3cr3t-canary"


class Client:
    def __init__(self, says: Any) -> None:
        self.says, self.asked = says, dict[str, str]()

    def get_secret_value(self, **asked: str) -> Any:
        self.asked = asked
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


def store(says: Any) -> SecretsManager:
    made = SecretsManager()
    made._client = Client(says)
    return made


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine that knows of no AWS."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def test_the_current_version_is_read() -> None:
    made = store({"SecretString": SECRET})
    assert made.read(Reference("prod/qdrant")) == SECRET
    assert made._client.asked == {"SecretId": "prod/qdrant", "VersionStage": "AWSCURRENT"}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f'{{"api_key": "{SECRET}"}}', ""),
        (f'{{"other": "{SECRET}"}}', "no such key"),
        ('{"api_key": 1}', "no text under it"),
        (SECRET, "no JSON object"),
        (f'["{SECRET}"]', "no JSON object"),
    ],
)
def test_a_key_is_looked_up_in_a_json_object(text: str, says: str) -> None:
    made = store({"SecretString": text})
    if not says:
        assert made.read(Reference("prod/qdrant", "api_key")) == SECRET
        return
    with pytest.raises(SecretError, match=says) as raised:
        made.read(Reference("prod/qdrant", "api_key"))
    assert SECRET not in "".join(traceback.format_exception(raised.value))


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": SECRET}}, "GetSecretValue")


@pytest.mark.parametrize(
    ("failure", "says"),
    [
        (refused("ResourceNotFoundException"), "there is no such secret"),
        (refused("AccessDeniedException"), "may not read it"),
        (refused("InternalServiceError"), "answers with InternalServiceError"),
        (refused(f"<{SECRET}>"), "answers with an error"),
        (EndpointConnectionError(endpoint_url=SECRET), r"cannot be asked \(EndpointConnectionError\)"),
        ({"SecretBinary": SECRET.encode()}, "is binary"),
    ],
    ids=["absent", "denied", "broken", "odd", "down", "binary"],
)
def test_a_store_that_fails_is_told_in_words_of_the_gateways_own(failure: Any, says: str) -> None:
    with pytest.raises(SecretError, match=says) as raised:
        store(failure).read(Reference("prod/qdrant"))
    assert SECRET not in "".join(traceback.format_exception(raised.value))


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(SecretError, match=r"pip install 'vecgate\[aws\]'"):
        _client()


def test_a_region_is_needed() -> None:
    with pytest.raises(SecretError, match="set AWS_REGION"):
        _client()


@pytest.mark.parametrize(
    ("url", "good"),
    [("http://127.0.0.1:4566", True), ("https://sm.example", True), ("http://sm.example", False)],
)
def test_an_endpoint_is_https_or_on_this_host(url: str, good: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", url)
    if good:
        assert _client().meta.endpoint_url == url
    else:
        with pytest.raises(SecretError, match="must be https://"):
            _client()
