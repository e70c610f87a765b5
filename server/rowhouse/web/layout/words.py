"""Words: an error's message as a sentence, a URL by its host, the name of a network."""

from __future__ import annotations

from urllib.parse import urlsplit

from markupsafe import Markup, escape

from rowhouse.domain.networks import DEFAULT_NETWORK
from rowhouse.web.blueprint import blueprint

_ENDS = (".", "!", "?", ":", "…")


@blueprint.app_template_filter("sentence")
def sentence(text: str) -> Markup:
    """With a capital in front and a full stop behind, as people read it; what is in `backticks` is code."""
    if not text:
        return Markup()
    whole = text[0].upper() + text[1:]
    if not whole.endswith(_ENDS):
        whole += "."
    parts = [escape(part) for part in whole.split("`")]
    if len(parts) % 2 == 0:  # one that is not closed
        return Markup("`").join(parts)
    return Markup().join(
        Markup("<code>{}</code>").format(part) if number % 2 else part
        for number, part in enumerate(parts)
    )


@blueprint.app_template_filter("network")
def network(name: str, *, title: bool = False) -> str:
    """The name of a network; `title`: where a line begins with it."""
    return name or (DEFAULT_NETWORK.capitalize() if title else DEFAULT_NETWORK)


@blueprint.app_template_filter("host")
def host(url: str) -> str:
    """Whose URL it is."""
    return urlsplit(url).netloc or url
