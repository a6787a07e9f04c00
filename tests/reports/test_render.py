from __future__ import annotations

import base64
import hashlib
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markupsafe import Markup
from tests.support.evidence import DANA, article, exchange, record, search
from tests.support.sample import CANARY, make

from vecgate.evidence.damage import Damage, DamageKind
from vecgate.evidence.erasure import erase
from vecgate.evidence.sessions import Archive
from vecgate.evidence.verify import Verification, verify
from vecgate.reporting import Section
from vecgate_reports import render, vecgate_report_sections
from vecgate_reports.model import MAX_VISITS, Sections, build


class Page(HTMLParser):
    """Every element with its attributes, and the text that a reader sees."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def page(evidence: Path, sections: Sections = lambda session: ()) -> str:
    archive = Archive(evidence)
    sessions = archive.sessions()
    for session in sessions:
        archive.read_contents(session)
    return render(build(sessions, verify(evidence), "evidence", sections))


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> str:
    evidence = make(tmp_path_factory.mktemp("sample"))
    return page(evidence, lambda session: vecgate_report_sections(session=session))


def test_nothing_in_it_can_run_or_be_fetched(sample: str) -> None:
    forbidden = {"script", "img", "link", "iframe", "object", "embed", "form", "base", "audio", "video"}
    for tag, attributes in Page(sample).elements:
        assert tag not in forbidden
        assert not {name for name in attributes if name.startswith("on") or name in ("style", "src", "srcset")}
        assert (attributes.get("href") or "#").startswith("#")


def test_hostile_texts_are_shown_as_texts(sample: str) -> None:
    assert CANARY not in sample
    shown = "<script>alert('vecgate')</script><img src=x onerror=alert(1)>\\u202etxt.exe\\x1b[31m"
    assert Page(sample).text.count(shown) >= 14
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", sample)


def test_the_policy_allows_its_own_style_and_nothing_else(sample: str) -> None:
    (policy,) = [each["content"] for tag, each in Page(sample).elements if "http-equiv" in each]
    style = sample.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


@pytest.mark.parametrize(
    "shown",
    [
        "Dana Kim",
        "https://idp.example/",
        "how do I rotate a signing key without downtime",
        "data-science-read",
        "tok_9c1f0b77",
        "masked_field_used",
        "The filter uses ssn, which is masked for you.",
        "everyone: 50000 records in a day",
        "tk_5b21",
        "https://idp.example/ olga",
        "risk: drop_collection",
        "Worth a second look",
        "Records returned by collection",
        "1 vector of 384 dimensions",
        "2026-11-23 14:00:00 UTC",
    ],
)
def test_it_says_who_what_when_and_why(sample: str, shown: str) -> None:
    assert shown in Page(sample).text


def test_a_masked_value_that_was_compared_is_not_in_it(sample: str) -> None:
    assert "078-05-1120" not in sample
    assert "hmac-sha256:" in sample


def test_an_erased_session_says_so(tmp_path: Path) -> None:
    evidence = record(tmp_path, exchange(DANA, search(), records=(article(1),)))
    erase(evidence, tmp_path / "signing.pem", ["w0-000001"], by="olga", reason="asked to")
    assert "The content of this request was erased." in page(evidence)


def test_damage_is_the_first_thing_it_says() -> None:
    damaged = Verification(Damage(DamageKind.EDITED, "w0/000001.jsonl\u202e", 7, "<b>not its hash</b>"))
    text = Page(render(build([], damaged, "evidence"))).text
    assert "The evidence is damaged" in text
    assert "w0/000001.jsonl\\u202e:7" in text
    assert "<b>not its hash</b>" in text
    assert "The evidence is sound" not in text


def test_sections_of_plugins_are_text_even_where_they_are_markup(tmp_path: Path) -> None:
    evidence = record(tmp_path, exchange(DANA, search()))
    section = Section(Markup("<b>T</b>"), [Markup("<script>1</script>")], ["<i>"], [[Markup("<u>cell</u>")]])
    made = Page(page(evidence, lambda session: [section]))
    assert {"script", "u", "i"}.isdisjoint(tag for tag, attributes in made.elements if "aria-hidden" not in attributes)
    for shown in ("<b>T</b>", "<script>1</script>", "<i>", "<u>cell</u>"):
        assert shown in made.text


def test_a_section_with_a_row_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="2 cells"):
        Section("T", columns=("a", "b"), rows=[("1",)])


def test_a_session_without_end_is_shown_to_a_bound_and_says_so(tmp_path: Path) -> None:
    evidence = record(tmp_path, *(exchange(DANA) for _ in range(MAX_VISITS + 3)))
    assert "3 more requests are in the evidence." in page(evidence)


def test_its_date_is_the_one_given() -> None:
    report = build([], Verification(None), "evidence", generated=datetime(2026, 11, 25, 12, 0, tzinfo=UTC))
    assert "report made 2026-11-25 12:00 UTC" in Page(render(report)).text
