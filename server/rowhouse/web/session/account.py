"""What a template may ask about whoever reads the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flask import current_app, g

from rowhouse.auth.caller import ANYBODY, has_role
from rowhouse.web.blueprint import blueprint

if TYPE_CHECKING:
    from rowhouse.auth.caller import Caller, PersonRole
    from rowhouse.auth.guard import Guard


def guard() -> Guard:
    """Who stands before the views of this application."""
    return cast("Guard", current_app.extensions["rowhouse"].guard)


@blueprint.app_template_global("reader")
def reader() -> Caller | None:
    """Who reads the page; None where nobody was asked."""
    found: Caller | None = g.get("caller")
    return found


@blueprint.app_template_global("may")
def may(role: PersonRole) -> bool:
    """Whether the reader has this role or a higher one: what is not allowed is not offered."""
    caller = reader()
    return caller is not None and has_role(caller, role)


@blueprint.app_template_global("needs_no_login")
def needs_no_login() -> bool:
    """Whether everybody may do everything."""
    return reader() is ANYBODY


@blueprint.app_template_global("in_session")
def in_session() -> bool:
    """Whether the reader has logged in, and so may log out."""
    return "session" in g
