"""The answer that does not end: its connection goes from the HTTP server to the hub."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from flask import Response, current_app, g, request

from rowhouse.domain.errors import TryAgain
from rowhouse.web.blueprint import blueprint
from rowhouse.web.live.background import HUB
from rowhouse.web.live.hub import Hub, Topic

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from flask import Flask

CLAIM: Final = "rowhouse.claim"
"""In the WSGI environment: called with what shall be given the connection behind this answer's head."""

_TYPE: Final = "text/event-stream"
_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def stream(parts: Callable[[], dict[str, str]]) -> Response:
    """Send the parts of a page, from now on, whenever they change.

    `parts` makes HTML by the id of the element that it replaces; the hub calls it for all viewers of
    this URL together, outside of their requests.

    Errors: TryAgain where too many look already.
    """
    hub: Hub | None = current_app.extensions.get(HUB)
    claim = request.environ.get(CLAIM)
    if hub is None or claim is None:
        # A server that can not hand over a connection. The browser asks again in a minute.
        return Response("retry: 60000\n\n", content_type=_TYPE, headers=_HEADERS)
    if hub.is_full:
        raise TryAgain("too many pages are open already", hint="Reload it to see what is new.")
    app = cast("Any", current_app)._get_current_object()  # noqa: SLF001 - Flask's own way
    topic = Topic(_key(), _outside_of_requests(app, parts))
    seen = request.headers.get("Last-Event-ID") or request.args.get("seen", "")

    def join(connection: socket.socket) -> None:
        hub.add(topic, connection, seen)

    claim(join)
    return Response(iter(["retry: 5000\n\n"]), content_type=_TYPE, headers=_HEADERS)


def _key() -> str:
    """The URL, but for what is of this viewer alone."""
    arguments = sorted(f"{name}={value}" for name, value in request.args.items() if name != "seen")
    return "&".join([request.path, *arguments])


def _outside_of_requests(
    app: Flask, parts: Callable[[], dict[str, str]]
) -> Callable[[], dict[str, str]]:
    def make() -> dict[str, str]:
        with app.test_request_context():
            return parts()

    return make


@blueprint.before_request
def note_mark() -> None:
    """Note the mark at which a page is made, before it reads anything; "" where nothing is live."""
    hub: Hub | None = current_app.extensions.get(HUB)
    g.live_mark = hub.mark if hub is not None else ""
