from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.configs import HEAD, loaded

from vecgate.config.hygiene import remarks
from vecgate.errors import ConfigError

REST = 'control: {listen: "127.0.0.1:6099"}\nidentity:\n  own: {issuer: "https://gw.test"}\n  saml:\n'
GOOD = '{name: corp, issuer: "https://idp.test/", metadata: "file:idp.xml"'


def findings(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as error:
        loaded(folder, text, HEAD)
    return [str(finding).removeprefix(f"{folder}/vecgate.yaml:") for finding in error.value.findings]


def test_a_provider(tmp_path: Path) -> None:
    found = loaded(tmp_path, REST + f"    - {GOOD}, claims: [dept], idp_initiated: true}}\n")
    (provider,) = found.config.identity.saml
    assert (provider.groups, provider.subject, provider.idp_initiated) == ("groups", None, True)
    assert "https://idp.test/" in found.config.identity.known


def test_a_directory_may_keep_its_accounts(tmp_path: Path) -> None:
    keeping = '  provisioning: [{issuer: "https://idp.test/", token: "env:SCIM"}]\n'
    found = loaded(tmp_path, REST.replace("  saml:", f"{keeping}  saml:") + f"    - {GOOD}}}\n")
    assert found.config.identity.provisioning[0].issuer in found.config.identity.known


@pytest.mark.parametrize(
    ("entry", "finding"),
    [
        (f"{GOOD}, name: x}}", "8:75: identity.saml[0].name: the key occurs twice"),
        (GOOD.replace("name: corp, ", "") + "}", "8:7: identity.saml[0].name: is required"),
        (GOOD.replace("corp", "Corp") + "}", "8:14: identity.saml[0].name: must be lower-case letters, digits or `-`"),
        (f"{GOOD}, group: x}}", "8:75: identity.saml[0].group: unknown key; did you mean groups?"),
        (
            GOOD.replace("file:", "https://idp.test/") + "}",
            "8:59: identity.saml[0].metadata: must be a reference, file:PATH",
        ),
        (
            GOOD.replace("https://idp.test/", "a b") + "}",
            "8:28: identity.saml[0].issuer: is no entity id: write it as the provider's metadata does",
        ),
        (
            f'{GOOD}, entity_id: "a<b"}}',
            "8:86: identity.saml[0].entity_id: must be an address or a urn, without spaces, quotes and brackets",
        ),
        (f"{GOOD}, claims: [dept, act]}}", "8:90: identity.saml[0].claims[1]: is a claim with a meaning of its own"),
    ],
)
def test_a_provider_that_cannot_be_meant(tmp_path: Path, entry: str, finding: str) -> None:
    assert findings(tmp_path, f"{REST}    - {entry}\n") == [finding]


def test_names_are_ones_own(tmp_path: Path) -> None:
    other = GOOD.replace("https://idp.test/", "https://other.test/")
    assert findings(tmp_path, f"{REST}    - {GOOD}}}\n    - {other}}}\n") == [
        "9:14: identity.saml[1].name: corp is named twice",
    ]


@pytest.mark.parametrize(
    ("without", "said"), [("  own: ", "needs identity.own"), ("control: ", "needs control: people sign in")]
)
def test_what_signing_in_needs(tmp_path: Path, without: str, said: str) -> None:
    rest = "".join(line for line in REST.splitlines(keepends=True) if not line.startswith(without))
    (found,) = findings(tmp_path, f"{rest}    - {GOOD}}}\n")
    assert said in found
    assert ": identity.saml: " in found


def test_metadata_that_is_not_there_is_advice(tmp_path: Path) -> None:
    found = loaded(tmp_path, f"{REST}    - {GOOD}}}\n")
    assert [(code, at) for code, at, _ in remarks(found)] == [("missing-file", ("identity", "saml", 0, "metadata"))]
    (tmp_path / "idp.xml").write_text("<x/>")
    assert list(remarks(found)) == []
