"""Words: an error's message as a sentence, a URL by its host."""

from __future__ import annotations

from urllib.parse import urlsplit

from rowhouse.web.blueprint import blueprint

_ENDS = (".", "!", "?", ":", "…")


@blueprint.app_template_filter("sentence")
def sentence(text: str) -> str:
    """With a capital in front and a full stop behind, as people read it."""
    if not text:
        return ""
    whole = text[0].upper() + text[1:]
    return whole if whole.endswith(_ENDS) else f"{whole}."


@blueprint.app_template_filter("host")
def host(url: str) -> str:
    """Whose URL it is."""
    return urlsplit(url).netloc or url
