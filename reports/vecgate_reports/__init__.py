"""Report: recorded sessions as one HTML page that needs nothing else."""

from vecgate_reports.render import render
from vecgate_reports.signals import vecgate_report_sections

__all__ = ["render", "vecgate_report_sections"]
