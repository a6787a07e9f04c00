from __future__ import annotations

from vecgate_reports.signals import vecgate_report_sections


def test_a_quiet_session_has_no_section() -> None:
    quiet = {"verdict": "allow", "reason": "granted", "operations": [{"limit": 5}]}
    assert vecgate_report_sections(session={"exchanges": [quiet]}) == []


def test_probes_and_reads_without_a_limit_are_counted() -> None:
    exchanges = [
        {"verdict": "deny", "reason": "masked_field_used", "operations": [{"limit": None}]},
        {"verdict": "deny", "reason": "masked_field_used"},
        {"verdict": "allow", "reason": "granted", "operations": [{"limit": None}, {"limit": 3}]},
        {"verdict": "error", "reason": "interrupted"},
    ]
    (section,) = vecgate_report_sections(session={"exchanges": exchanges})
    assert [(row[1], row[2]) for row in section.rows] == [
        ("masked_field_used", "2"),
        ("interrupted", "1"),
        ("allowed", "1"),
    ]
