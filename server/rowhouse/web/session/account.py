"""Template functions about the current user."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flask import current_app, g

from rowhouse.auth import guard as guarded
from rowhouse.auth.caller import ANYBODY, has_role
from rowhouse.web.blueprint import blueprint

if TYPE_CHECKING:
    from rowhouse.auth.caller import Caller, PersonRole
    from rowhouse.auth.guard import Guard


def guard() -> Guard:
    """Return the guard that checks access to this application's views."""
    return cast("Guard", current_app.extensions["rowhouse"].guard)


@blueprint.app_template_global("reader")
def reader() -> Caller | None:
    """Return the current user; None on pages that need no login."""
    found: Caller | None = g.get("caller")
    return found


@blueprint.app_template_global("may")
def may(role: PersonRole) -> bool:
    """Whether the user has this role or a higher one: pages offer only what is allowed."""
    caller = reader()
    return caller is not None and has_role(caller, role)


@blueprint.app_template_global("may_open")
def may_open(endpoint: str) -> bool:
    """Whether the user may open a page: a team may open few."""
    return guarded.may_open(endpoint)


@blueprint.app_template_global("opened")
def opened(url: str | None) -> str:
    """Return the URL of a page; "" if there is none, or if the user is of a team that may not open it."""
    caller = reader()
    if not url:
        return ""
    if caller is None or caller.role != "team" or not url.startswith("/"):
        return url
    endpoint, _ = current_app.url_map.bind("").match(url.partition("?")[0])
    return url if may_open(endpoint) else ""


@blueprint.app_template_global("needs_no_login")
def needs_no_login() -> bool:
    """Whether access control is off and every caller may do everything."""
    return reader() is ANYBODY


@blueprint.app_template_global("in_session")
def in_session() -> bool:
    """Whether the user has a session, and so can log out."""
    return "session" in g
