"""Requests that wait for a person: tickets, reviewers, single use."""
