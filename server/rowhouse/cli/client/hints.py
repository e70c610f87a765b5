"""Hints of the API, in the words of the command line: `rowhouse pool list` instead of `GET /api/v1/pools`."""

from __future__ import annotations

import re
from typing import Final

COMMANDS: Final = {
    "GET /api/v1/pools": "rowhouse pool list",
    "GET /api/v1/networks": "rowhouse network list",
    "GET /api/v1/exclusions": "rowhouse exclusion list",
    "GET /api/v1/gateways": "rowhouse gateway list",
    "GET /api/v1/quotas": "rowhouse quota list",
    "GET /api/v1/requests": "rowhouse request list",
    "GET /api/v1/explain": "rowhouse explain ADDRESS",
}
"""The requests that hints name, and the commands that show the same."""

_REQUEST: Final = re.compile(r"GET /api/v1/\w+")


def for_command_line(hint: str) -> str:
    """Return a hint that names commands. A request without one stays."""
    return _REQUEST.sub(lambda found: _command(found[0]), hint)


def _command(request: str) -> str:
    command = COMMANDS.get(request)
    return f"`{command}`" if command else request
