"""Format texts: an error's message as a sentence, its hint, the host of a URL, the name of a network."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from markupsafe import Markup, escape

from rowhouse.domain.networks import DEFAULT_NETWORK
from rowhouse.web.blueprint import blueprint

_ENDS = (".", "!", "?", ":", "…")

PAGES: Final = {
    "GET /api/v1/pools": "The page Pools",
    "GET /api/v1/networks": "The page Networks",
    "GET /api/v1/comments": "The page of the pool or the address",
    "GET /api/v1/exclusions": "The page Exclusions",
    "GET /api/v1/gateways": "The page of the pool",
    "GET /api/v1/quotas": "The page Quotas",
    "GET /api/v1/requests": "The page Requests",
    "GET /api/v1/views": "The menu Views of a table",
    "GET /api/v1/explain": "The page of the address",
}
"""The requests that hints name, and the pages that show the same."""

_REQUEST: Final = re.compile(r"GET /api/v1/\w+")
_WORD: Final = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*(?=[\s.,;:!?…]|$)")


@blueprint.app_template_filter("sentence")
def sentence(text: str) -> Markup:
    """Add a capital letter and a full stop; text in `backticks` becomes code."""
    if not text:
        return Markup()
    # A name at the beginning, such as shop/web-0, keeps its case.
    whole = text[0].upper() + text[1:] if _WORD.match(text) else text
    if not whole.endswith(_ENDS):
        whole += "."
    parts = [escape(part) for part in whole.split("`")]
    if len(parts) % 2 == 0:  # an unclosed backtick
        return Markup("`").join(parts)
    return Markup().join(
        Markup("<code>{}</code>").format(part) if number % 2 else part
        for number, part in enumerate(parts)
    )


@blueprint.app_template_filter("advice")
def advice(hint: str) -> Markup:
    """Return the hint of an error as a sentence that names pages and fields of forms."""
    named = _REQUEST.sub(lambda found: PAGES.get(found[0], found[0]), hint)
    return sentence(named.replace("pass `force`", "tick the box that allows it"))


@blueprint.app_template_filter("network")
def network(name: str, *, title: bool = False) -> str:
    """Return the name of a network; with `title`, as the start of a line."""
    return name or (DEFAULT_NETWORK.capitalize() if title else DEFAULT_NETWORK)


@blueprint.app_template_filter("host")
def host(url: str) -> str:
    """Return the host of a URL."""
    return urlsplit(url).netloc or url
