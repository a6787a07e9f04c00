"""SecretsManager: reads the current version (AWSCURRENT) of secrets.

Region and credentials come from where AWS' own tools take them: environment, profile, or the machine's role. TLS is
verified, redirects are not followed. What the store says in words is shown to nobody.
"""

from __future__ import annotations

import logging
import os
import re
import threading
from typing import TYPE_CHECKING, Any, Final

import httpx
import msgspec

from vecgate.errors import SecretError
from vecgate_aws.reference import Reference

if TYPE_CHECKING:
    from botocore.client import BaseClient

SECONDS: Final = 3.0
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_CODE: Final = re.compile(r"[A-Za-z]{1,80}")
_WORDS: Final = {
    "ResourceNotFoundException": "there is no such secret",
    "AccessDeniedException": "the gateway's role may not read it",
}


class SecretsManager:
    """One client; made at first use, because that takes some 100 ms and may ask the machine for its role."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._client: BaseClient | None = None

    def read(self, reference: Reference) -> str:
        """The secret's text, or the text under its key. Blocks. Raises SecretError."""
        with self._turn:
            if self._client is None:
                self._client = _client()
            answer = _asked(self._client, reference.name)
        text = answer.get("SecretString")
        if not isinstance(text, str):
            raise SecretError("is binary: store it as a text")
        return _member(text, reference.key) if reference.key else text


def _client() -> BaseClient:
    """Raises SecretError."""
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, NoRegionError
    except ImportError:
        raise SecretError("needs an extra: pip install 'vecgate[aws]'") from None
    for name in ("boto3", "botocore", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)  # below, it logs answers with the secrets in them
    config = Config(connect_timeout=SECONDS, read_timeout=SECONDS, retries={"total_max_attempts": 2})
    try:
        session = boto3.session.Session(region_name=os.environ.get("AWS_REGION") or None)
        client = session.client("secretsmanager", config=config)
    except NoRegionError:
        raise SecretError("needs a region: set AWS_REGION") from None
    except (BotoCoreError, ValueError) as error:
        raise SecretError(f"AWS is not configured ({type(error).__name__})") from None
    url = httpx.URL(client.meta.endpoint_url)
    if url.scheme != "https" and url.host not in LOOPBACK:
        raise SecretError("the endpoint must be https:// (http:// only for an address of this host)")
    return client


def _asked(client: BaseClient, name: str) -> dict[str, Any]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer: dict[str, Any] = client.get_secret_value(SecretId=name, VersionStage="AWSCURRENT")
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        shown = code if _CODE.fullmatch(code) else "an error"
        raise SecretError(_WORDS.get(code, f"the store answers with {shown}")) from None
    except BotoCoreError as error:  # no connection, no credentials, no valid answer
        raise SecretError(f"the store cannot be asked ({type(error).__name__})") from None
    return answer


def _member(text: str, key: str) -> str:
    try:
        value = msgspec.json.decode(text, type=dict[str, Any]).get(key)
    except msgspec.DecodeError:
        raise SecretError("is no JSON object, so that it has no keys: leave out #…") from None
    if not isinstance(value, str):
        raise SecretError("has no such key, or no text under it")
    return value
