"""The time zone of the pages: the one that the user chose, or else the server's. A cookie keeps it.

Pages are rendered in it, rather than in UTC with a script that shifts each time: so forms, labels and charts agree with
the text, pages without JavaScript too, and the rules of daylight saving time are in one place. Live parts are rendered
once per zone (`live/stream.py`). URLs that the server makes have times in UTC, so a link means the same to all users.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from flask import current_app, g, request

from rowhouse.auth.cookie import Cookie
from rowhouse.auth.origin import is_secure
from rowhouse.domain.time_zones import UTC_NAME, zone_of
from rowhouse.web.blueprint import blueprint

if TYPE_CHECKING:
    from datetime import tzinfo

COOKIE: Final = Cookie("rowhouse-zone")
SECONDS: Final = 365 * 86_400.0
"""How long a browser keeps the choice."""


class Zone(NamedTuple):
    """A time zone and its name."""

    name: str
    rules: tzinfo


@blueprint.app_template_global("zone")
def zone() -> Zone:
    """Return the zone in which the current request shows times and reads those of forms."""
    if "zone" not in g:
        settings = current_app.extensions["rowhouse"].settings
        chosen = COOKIE.read(request, secure=is_secure(request, settings))
        g.zone = named(chosen) or named(settings.time_zone) or named(UTC_NAME)
    found: Zone = g.zone
    return found


def named(name: str) -> Zone | None:
    """Return the zone with this name; None if it is not known."""
    rules = zone_of(name)
    return None if rules is None else Zone(name, rules)


@blueprint.app_template_global("zone_name")
def zone_name() -> str:
    """Return the name of the zone of the current request."""
    return zone().name
