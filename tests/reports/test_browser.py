"""The report in a real browser: nothing runs, nothing is fetched, nothing overflows, on a desk and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from tests.support.browser import chromium, complaints, screenshot, show_at
from tests.support.sample import make

from vecgate.evidence.sessions import Archive
from vecgate.evidence.verify import verify
from vecgate_reports import render, vecgate_report_sections
from vecgate_reports.model import build

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    evidence = make(folder)
    archive = Archive(evidence)
    sessions = archive.sessions()
    for session in sessions:
        archive.read_contents(session)
    report = build(sessions, verify(evidence), "evidence", lambda session: vecgate_report_sections(session=session))
    path = folder / "report.html"
    path.write_text(render(report).replace("<details ", "<details open "), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.mark.parametrize("width", [390, 768, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_width_and_scheme_shows_the_page_without_overflow_or_complaint(
    browser: webdriver.Chrome, page: Path, width: int, scheme: str, tmp_path: Path
) -> None:
    show_at(browser, width, scheme)
    browser.get(page.as_uri())
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert browser.execute_script("return getComputedStyle(document.body).backgroundColor") == (
        "rgb(251, 250, 247)" if scheme == "light" else "rgb(20, 22, 26)"
    )
    assert complaints(browser) == []
    screenshot(browser, tmp_path / f"{width}-{scheme}.png")


def test_markup_in_names_and_payloads_makes_no_element_and_nothing_is_fetched(
    browser: webdriver.Chrome, page: Path
) -> None:
    browser.get(page.as_uri())
    assert browser.execute_script("return document.querySelectorAll('script, img, iframe, link, object').length") == 0
    assert "<script>alert('vecgate')</script>" in browser.execute_script("return document.body.innerText")
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0


def test_the_policy_forbids_a_script_that_got_in_all_the_same(browser: webdriver.Chrome, page: Path) -> None:
    infected = page.with_name("infected.html")
    infected.write_text(page.read_text().replace("</main>", "<script>document.title='owned'</script></main>"))
    browser.get(infected.as_uri())
    assert browser.title != "owned"
    assert any("Content Security Policy" in complaint for complaint in complaints(browser))
