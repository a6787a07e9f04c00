"""Register: people's groups in a file, read again when it changes.

    version: 1
    issuers:
      https://accounts.google.com:
        subjects: {"108204268033311374519": [analysts]}
        emails: {ada@corp.example: [analysts, owners]}
        require: {hd: corp.example}

A subject is what no two people share. An e-mail address counts only where the issuer says that it is verified, and
where the token has every claim of `require`, exactly: Google vouches for an address that is not its own only together
with `hd`. A file that is broken says nothing of anybody: an edit that takes groups away must not fail unseen.
"""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from vecgate.config.model import Model, Text
from vecgate.errors import ConfigError, Finding
from vecgate.identity.directory import Directory, DirectoryError
from vecgate.identity.principal import Principal
from vecgate_directories.settings import settings

type Groups = dict[Text, list[Text]]
type Stamp = tuple[int, int, int]


class People(Model):
    """One issuer's."""

    subjects: Groups = Field(default_factory=dict)
    emails: Groups = Field(default_factory=dict)
    require: dict[Text, bool | str] = Field(default_factory=dict)


class Registered(Model):
    """The file."""

    version: Literal[1]
    issuers: dict[Text, People]


class Register(Directory):
    """Raises ConfigError for a file that cannot be used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = threading.Lock()
        self._stamp, self._issuers = _read(path)

    def groups(self, principal: Principal) -> Collection[str] | None:
        people = self._current().get(principal.issuer)
        if people is None:
            return None
        found = [people.subjects.get(principal.subject), people.emails.get(_email(principal.claims, people))]
        known = [groups for groups in found if groups is not None]
        return {group for groups in known for group in groups} if known else None

    def _current(self) -> Mapping[str, People]:
        with self._turn:
            try:
                if _stamp(self._path) != self._stamp:
                    self._stamp, self._issuers = _read(self._path)
            except ConfigError as error:
                raise DirectoryError(str(error)) from error
            return self._issuers


def _read(path: Path) -> tuple[Stamp, Mapping[str, People]]:
    """The stamp is the one from before: what changes meanwhile is read again. Raises ConfigError."""
    stamp = _stamp(path)
    return stamp, {name: _normal(people) for name, people in settings(path, Registered).issuers.items()}


def _stamp(path: Path) -> Stamp:
    try:
        status = path.stat()
    except OSError as error:
        raise ConfigError(Finding(str(path), 0, 0, "", f"cannot be read: {error.strerror}")) from error
    return status.st_mtime_ns, status.st_size, status.st_ino


def _normal(people: People) -> People:
    """Names as tokens' are compared."""

    def named(groups: Groups) -> Groups:
        return {unicodedata.normalize("NFC", name): listed for name, listed in groups.items()}

    return people.model_copy(update={"subjects": named(people.subjects), "emails": named(people.emails)})


def _email(claims: Mapping[str, Any], people: People) -> str:
    """The address to look up, empty if none counts."""
    email = claims.get("email")
    if claims.get("email_verified") is not True or not isinstance(email, str):
        return ""
    for name, wanted in people.require.items():
        if type(claims.get(name)) is not type(wanted) or claims[name] != wanted:
            return ""
    return unicodedata.normalize("NFC", email)
