"""docs/saml.md: its snippet loads, its numbers hold, and what it says is not there is refused."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from tests.support.configs import HEAD, loaded
from tests.support.pages import DOCS

from vecgate.control.saml import RESPONSE_FORM
from vecgate.identity.tokens import LEEWAY
from vecgate.saml import logins
from vecgate.saml.envelope import MAX_XML

PAGE = (DOCS / "saml.md").read_text()


def test_the_snippet_loads(tmp_path: Path) -> None:
    snippet = dedent(PAGE.partition("   ```yaml\n")[2].partition("   ```")[0])
    (provider,) = loaded(tmp_path, snippet, HEAD).config.identity.saml
    assert (provider.name, provider.metadata) == ("corp", "file:corp.xml")


def test_numbers() -> None:
    assert f"at most {RESPONSE_FORM // 1024} KiB, `SAMLResponse`" in PAGE
    assert f"XML of at most {MAX_XML // 1024} KiB" in PAGE
    assert f"within {LEEWAY} seconds of our clock" in PAGE
    assert f"of the last {logins.ASKED / 60:.0f} minutes" in PAGE
    assert f"good once, for {logins.CODE:.0f} seconds" in PAGE
