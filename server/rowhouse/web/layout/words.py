"""Format texts: an error's message as a sentence, the host of a URL, the name of a network."""

from __future__ import annotations

from urllib.parse import urlsplit

from markupsafe import Markup, escape

from rowhouse.domain.networks import DEFAULT_NETWORK
from rowhouse.web.blueprint import blueprint

_ENDS = (".", "!", "?", ":", "…")


@blueprint.app_template_filter("sentence")
def sentence(text: str) -> Markup:
    """Add a capital letter and a full stop; text in `backticks` becomes code."""
    if not text:
        return Markup()
    whole = text[0].upper() + text[1:]
    if not whole.endswith(_ENDS):
        whole += "."
    parts = [escape(part) for part in whole.split("`")]
    if len(parts) % 2 == 0:  # an unclosed backtick
        return Markup("`").join(parts)
    return Markup().join(
        Markup("<code>{}</code>").format(part) if number % 2 else part
        for number, part in enumerate(parts)
    )


@blueprint.app_template_filter("network")
def network(name: str, *, title: bool = False) -> str:
    """Return the name of a network; with `title`, as the start of a line."""
    return name or (DEFAULT_NETWORK.capitalize() if title else DEFAULT_NETWORK)


@blueprint.app_template_filter("host")
def host(url: str) -> str:
    """Return the host of a URL."""
    return urlsplit(url).netloc or url
