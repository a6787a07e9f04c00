"""nanoidp, a real identity provider of somebody else's making, as a process of its own."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

CLIENT = ("demo-client", "demo-secret")

SETTINGS = """
config_version: 1
server: {{host: 127.0.0.1, port: {port}}}
oauth:
  issuer: http://127.0.0.1:{port}
  audience: vecgate
  token_expiry_minutes: 60
  refresh_token_rotation: true
  clients:
    - {{client_id: demo-client, client_secret: demo-secret, description: test}}
    - client_id: terminal
      token_endpoint_auth_method: none
      redirect_uris: ["http://127.0.0.1/callback"]
device_flow: {{polling_interval: 1}}
"""
USERS = """
config_version: 1
users:
  dana: {password: pw, email: dana@example.org, groups: [data-science, eng], roles: [USER], tenant: default}
"""


class Nanoidp:
    """A running nanoidp; `stop` ends it, `start` brings it back with the same keys."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.folder = folder
        (folder / "config").mkdir()
        (folder / "config/settings.yaml").write_text(SETTINGS.format(port=port))
        (folder / "config/users.yaml").write_text(USERS)
        self.http = httpx.Client(base_url=self.url, trust_env=False, timeout=10)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        log = self.folder / "log"
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "nanoidp", "--config", "config"],
                cwd=self.folder,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + 60
        while True:
            try:
                self.http.get("/.well-known/openid-configuration").raise_for_status()
                return
            except httpx.HTTPError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(log.read_text()) from None
                time.sleep(0.1)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
            self.process = None

    def post(self, path: str, **form: str) -> Any:
        answer = self.http.post(path, data=form, auth=CLIENT)
        answer.raise_for_status()
        return answer.json()

    def device_flow(self) -> dict[str, Any]:
        """The tokens of dana, who approves in a browser (RFC 8628)."""
        device = self.post("/device_authorization", scope="openid profile email")
        self.http.post(
            device["verification_uri"],
            data={"user_code": device["user_code"], "username": "dana", "password": "pw", "action": "approve"},
        ).raise_for_status()
        grant = "urn:ietf:params:oauth:grant-type:device_code"
        tokens: dict[str, Any] = self.post("/token", grant_type=grant, device_code=device["device_code"])
        return tokens

    def client_token(self) -> str:
        return str(self.post("/token", grant_type="client_credentials")["access_token"])

    def rotate(self) -> None:
        self.http.post("/api/keys/rotate").raise_for_status()
