"""The report in a real browser: nothing runs, nothing is fetched, nothing overflows, on a desk and on a phone."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from tests.support.sample import make

from vecgate.evidence.sessions import Archive
from vecgate.evidence.verify import verify
from vecgate_reports import render, vecgate_report_sections
from vecgate_reports.model import build

pytestmark = pytest.mark.real

SWITCHES = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


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
    found = [path for path in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if path]
    if not found:
        pytest.skip("no Chromium on this machine")
    options = webdriver.ChromeOptions()
    options.binary_location = found[0]
    for switch in (*SWITCHES, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    yield driver
    driver.quit()


def complaints(browser: webdriver.Chrome) -> list[str]:
    read: Callable[[str], list[dict[str, str]]] = browser.get_log
    return [entry["message"] for entry in read("browser")]


@pytest.mark.parametrize("width", [390, 768, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_width_and_scheme_shows_the_page_without_overflow_or_complaint(
    browser: webdriver.Chrome, page: Path, width: int, scheme: str, tmp_path: Path
) -> None:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    scheme_feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme_feature]})
    browser.get(page.as_uri())
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert browser.execute_script("return getComputedStyle(document.body).backgroundColor") == (
        "rgb(251, 250, 247)" if scheme == "light" else "rgb(20, 22, 26)"
    )
    assert complaints(browser) == []
    shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
    (tmp_path / f"{width}-{scheme}.png").write_bytes(base64.b64decode(shot["data"]))


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
