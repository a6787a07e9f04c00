"""Provider: what an issuer says of itself, as far as signing in needs it (OpenID Connect Discovery 1.0 §3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from vecgate.errors import LoginError
from vecgate.login.client import SCOPES, Client
from vecgate.login.wire import Wire

PATH = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class Provider:
    """Addresses of the issuer; empty where it does not offer something."""

    issuer: str
    token: str
    keys: str
    authorization: str
    device: str
    revocation: str
    scopes: tuple[str, ...]
    """Empty where it does not list them."""
    methods: tuple[str, ...]
    """How clients with a secret may show it."""
    algorithms: tuple[str, ...]
    names_itself: bool
    """It says in every answer to a browser who it is (RFC 9207)."""

    @classmethod
    def discover(cls, wire: Wire) -> Self:
        """Ask the issuer. Raises LoginError, also where the document speaks for another issuer."""
        url = wire.permitted(wire.issuer.removesuffix("/") + PATH, "the issuer")
        document = wire.get(url)
        if document.get("issuer") != wire.issuer:
            raise LoginError(
                f"{url} speaks for {document.get('issuer')}, not for {wire.issuer}: write the issuer exactly as it does"
            )
        pkce = _texts(document, "code_challenge_methods_supported")
        if pkce and "S256" not in pkce:
            raise LoginError(f"{wire.issuer} does not know PKCE with S256")

        def address(name: str) -> str:
            return wire.permitted(document[name], f"{name} of {wire.issuer}") if document.get(name) else ""

        return cls(
            issuer=wire.issuer,
            token=wire.permitted(document.get("token_endpoint"), f"token_endpoint of {wire.issuer}"),
            keys=address("jwks_uri"),
            authorization=address("authorization_endpoint"),
            device=address("device_authorization_endpoint"),
            revocation=address("revocation_endpoint"),
            scopes=_texts(document, "scopes_supported"),
            methods=_texts(document, "token_endpoint_auth_methods_supported"),
            algorithms=_texts(document, "id_token_signing_alg_values_supported"),
            names_itself=document.get("authorization_response_iss_parameter_supported") is True,
        )

    def scope(self, client: Client) -> str:
        """What to ask for: what the client names, else the default as far as it is known here."""
        if client.scopes:
            return " ".join(client.scopes)
        return " ".join(scope for scope in SCOPES if not self.scopes or scope in self.scopes)

    def method(self, client: Client) -> str:
        """How the client shows who it is."""
        if not client.secret:
            return "none"
        post = "client_secret_basic" not in self.methods and "client_secret_post" in self.methods
        return "client_secret_post" if post else "client_secret_basic"


def _texts(document: dict[str, Any], name: str) -> tuple[str, ...]:
    listed = document.get(name)
    return tuple(item for item in listed if isinstance(item, str)) if isinstance(listed, list) else ()
