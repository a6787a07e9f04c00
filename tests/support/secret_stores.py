"""Real secret stores: OpenBao with an AppRole of the gateway's, and AWS Secrets Manager as moto has it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import hvac
import msgspec

from vecgate.demo.processes import free_port, running

ROLE_ID, SECRET_ID = "vecgate-role", "secret-id-canary-2957"
ROOT = "root-token-canary-6013"
POLICY = 'path "secret/data/qdrant" { capabilities = ["read"] }'


@dataclass
class Bao:
    folder: Path
    port: int
    client: Any
    """As the operator, who may do everything."""

    @property
    def environment(self) -> dict[str, str]:
        return {
            "VAULT_ADDR": f"http://127.0.0.1:{self.port}",
            "VAULT_ROLE_ID": ROLE_ID,
            "VAULT_SECRET_ID_FILE": str(self.folder / "secret-id"),
        }

    def put(self, **values: str) -> None:
        self.client.secrets.kv.v2.create_or_update_secret("qdrant", secret=values)

    def revoke(self) -> None:
        """Every token that logins have made."""
        self.client.sys.revoke_prefix("auth/approle")


@contextlib.contextmanager
def openbao(folder: Path, port: int = 0) -> Iterator[Bao]:
    """A server in memory, with nothing but what is put into it."""
    port = port or free_port()
    command = [str(Path(sys.executable).with_name("bao")), "server", "-dev", f"-dev-root-token-id={ROOT}"]
    command += [f"-dev-listen-address=127.0.0.1:{port}", "-dev-no-store-token"]
    with running("openbao", command, f"http://127.0.0.1:{port}/v1/sys/health", folder / "openbao.log"):
        client = hvac.Client(f"http://127.0.0.1:{port}", ROOT)
        client.sys.create_or_update_policy("vecgate", POLICY)
        client.sys.enable_auth_method("approle")
        client.auth.approle.create_or_update_approle("vecgate", token_policies=["vecgate"], token_ttl="1h")
        client.auth.approle.update_role_id("vecgate", ROLE_ID)
        client.auth.approle.create_custom_secret_id("vecgate", SECRET_ID)
        (folder / "secret-id").write_text(SECRET_ID)
        (folder / "secret-id").chmod(0o600)
        yield Bao(folder, port, client)
        client.adapter.close()


@dataclass
class Manager:
    port: int
    client: Any

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            "AWS_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "gateway",
            "AWS_SECRET_ACCESS_KEY": "aws-key-canary-8140",
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": f"http://127.0.0.1:{self.port}",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def put(self, **values: str) -> None:
        text = msgspec.json.encode(values).decode()
        try:
            self.client.put_secret_value(SecretId="prod/qdrant", SecretString=text)
        except self.client.exceptions.ResourceNotFoundException:
            self.client.create_secret(Name="prod/qdrant", SecretString=text)


@contextlib.contextmanager
def secrets_manager(folder: Path) -> Iterator[Manager]:
    port = free_port()
    command = [str(Path(sys.executable).with_name("moto_server")), "-H", "127.0.0.1", "-p", str(port)]
    with running("moto", command, f"http://127.0.0.1:{port}/moto-api/", folder / "moto.log"):
        client = boto3.client(
            "secretsmanager",
            endpoint_url=f"http://127.0.0.1:{port}",
            region_name="eu-central-1",
            aws_access_key_id="operator",
            aws_secret_access_key="operator",
        )
        yield Manager(port, client)
        client.close()
