"""Row: how each of the routes below `/v2/vectordb` is written into the table."""

from __future__ import annotations

from typing import Any, Final

from vecgate.operations.model import Action, Risk
from vecgate.operations.shapes import Shape
from vecgate.operations.table import Row

API: Final = "/v2/vectordb/"
NAMED: Final = ("{database}/{collection}",)
LISTED: Final = ("{database}/*",)
DATABASE: Final = ("{database}",)
SERVER: Final = ("**",)
_UNPUBLISHED: Final = "The members of its body are not published."
ALIAS: Final = "{database}/{alias}"


def row(route: str, action: Action, resources: tuple[str, ...], body: Shape, *risks: Risk, **more: Any) -> Row:
    return Row(f"rest {route}", "POST", API + route, action, resources, body=body, risks=risks, **more)


def meta(route: str, resources: tuple[str, ...], body: Shape, **more: Any) -> Row:
    return row(route, Action.META, resources, body, **more)


def admin(route: str, resources: tuple[str, ...], body: Shape, *risks: Risk, **more: Any) -> Row:
    return row(route, Action.ADMIN, resources, body, *risks, **more)


def refused(route: str, why: str = _UNPUBLISHED) -> Row:
    return Row(f"rest {route}", "POST", API + route, Action.ADMIN, refused=why)
