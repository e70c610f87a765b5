"""The API's words in those of the command line: `rowhouse pool list` for `GET /api/v1/pools`, --force for `force`."""

from __future__ import annotations

import re
from typing import Final

import click

COMMANDS: Final = {
    "GET /api/v1/pools": "rowhouse pool list",
    "GET /api/v1/networks": "rowhouse network list",
    "GET /api/v1/comments": "rowhouse comment list",
    "GET /api/v1/exclusions": "rowhouse exclusion list",
    "GET /api/v1/gateways": "rowhouse gateway list",
    "GET /api/v1/quotas": "rowhouse quota list",
    "GET /api/v1/requests": "rowhouse request list",
    "GET /api/v1/views": "rowhouse view list",
    "GET /api/v1/explain": "rowhouse explain ADDRESS",
}
"""The requests that hints name, and the commands that show the same."""

PARAMETERS: Final = {
    "address": ("addresses", "about", "words"),
    "addresses": ("limit",),
    "aliases": ("name",),
    "cidr": ("text",),
    "expires_in": ("expires",),
    "first": ("addresses",),
    "label_changes": ("labels", "words"),
    "labels": ("words",),
    "last": ("addresses",),
    "name": ("new",),
    "namespace": ("pod",),
    "network_id": ("network", "name"),
    "pool_id": ("pool", "text"),
    "window_first": ("first",),
    "window_last": ("last",),
}
"""Fields of the API, and the parameters of commands that set them under another name, in the order of preference."""

_REQUEST: Final = re.compile(r"GET /api/v1/\w+")
_FIELD: Final = re.compile(r"`([a-z_]+)`")


def for_command_line(text: str) -> str:
    """Return a message or hint that names commands, and options of the running one. What it has not stays."""
    named = _REQUEST.sub(lambda found: _command(found[0]), text)
    return _FIELD.sub(lambda found: parameter(found[1]) or found[0], named)


def parameter(field: str) -> str | None:
    """Return what sets a field of the API in the running command: --reuse-delay, or ADDRESS; None: nothing does."""
    context = click.get_current_context(silent=True)
    if context is None:
        return None
    known = {one.name: one for one in context.command.params}
    for name in (field, *PARAMETERS.get(field, ())):
        if name in known:
            return _written(known[name])
    return None


def _written(parameter: click.Parameter) -> str:
    if isinstance(parameter, click.Option):
        return max(parameter.opts, key=len)
    return re.sub(r"[\[\].]", "", parameter.human_readable_name)


def _command(request: str) -> str:
    command = COMMANDS.get(request)
    return f"`{command}`" if command else request
