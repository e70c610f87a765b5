"""The event stream: the HTTP server hands its connection over to the hub."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from flask import Response, current_app, g, request

from rowhouse.auth.caller import shared_reader
from rowhouse.domain.errors import TryAgain
from rowhouse.web.blueprint import blueprint
from rowhouse.web.layout.zone import zone
from rowhouse.web.live.background import HUB
from rowhouse.web.live.hub import Hub, Topic

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from flask import Flask

    from rowhouse.auth.caller import Caller
    from rowhouse.web.layout.zone import Zone

CLAIM: Final = "rowhouse.claim"
"""The key in the WSGI environment of a function. It takes a callback that gets the connection after the headers."""

_TYPE: Final = "text/event-stream"
_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def stream(parts: Callable[[], dict[str, str]]) -> Response:
    """Send the parts of a page whenever they change.

    `parts` returns HTML by the id of the element that it replaces, and raises NotFound once the page is gone. The hub
    calls it outside the viewers' requests, once for all viewers of this URL who see the same namespaces and times in
    the same zone. In it, the current caller is one who sees just these.

    Errors: TryAgain if there are too many viewers.
    """
    hub: Hub | None = current_app.extensions.get(HUB)
    claim = request.environ.get(CLAIM)
    if hub is None or claim is None:
        # This server cannot hand over a connection. The browser retries in a minute.
        return Response("retry: 60000\n\n", content_type=_TYPE, headers=_HEADERS)
    if hub.is_full:
        raise TryAgain("too many live pages are open", hint="Reload the page to see changes.")
    app = cast("Any", current_app)._get_current_object()  # noqa: SLF001 - Flask's own way
    reader = shared_reader()
    topic = Topic((reader, zone(), _url()), _outside_of_requests(app, reader, zone(), parts))
    seen = request.headers.get("Last-Event-ID") or request.args.get("seen", "")

    def join(connection: socket.socket) -> None:
        hub.add(topic, connection, seen)

    claim(join)
    return Response(iter(["retry: 5000\n\n"]), content_type=_TYPE, headers=_HEADERS)


def _url() -> str:
    """Return the URL without this viewer's own arguments."""
    arguments = sorted(f"{name}={value}" for name, value in request.args.items() if name != "seen")
    return "&".join([request.path, *arguments])


def _outside_of_requests(
    app: Flask, reader: Caller, shown_in: Zone, parts: Callable[[], dict[str, str]]
) -> Callable[[], dict[str, str]]:
    def make() -> dict[str, str]:
        with app.test_request_context():
            g.caller, g.zone = reader, shown_in
            return parts()

    return make


@blueprint.before_request
def note_mark() -> None:
    """Store the hub's mark before the page reads any data; "" without a hub."""
    hub: Hub | None = current_app.extensions.get(HUB)
    g.live_mark = hub.mark if hub is not None else ""
