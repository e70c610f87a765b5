"""Serve style sheets, scripts and icons. Their URLs contain a digest, so browsers may cache them."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flask import send_from_directory, url_for

from rowhouse.auth.guard import least_role
from rowhouse.web.blueprint import blueprint

if TYPE_CHECKING:
    from flask import Response

FOLDER: Final = Path(__file__).parents[1] / "assets"
_A_YEAR: Final = 365 * 24 * 3600


@cache
def digest() -> str:
    """Return a digest of all assets: a new version of the server gets new URLs."""
    content = hashlib.sha256()
    for file in sorted(FOLDER.iterdir()):
        content.update(file.name.encode() + b"\0" + file.read_bytes())
    return content.hexdigest()[:12]


@blueprint.app_template_global("asset")
def url(name: str) -> str:
    """Return the URL of an asset."""
    return url_for("web.asset", digest=digest(), name=name)


@blueprint.get("/assets/<digest>/<name>")
@least_role(None)
def asset(digest: str, name: str) -> Response:  # noqa: ARG001 - it only changes the URL
    """Serve an asset. Assets need no login because error pages use them too."""
    response = send_from_directory(FOLDER, name, max_age=_A_YEAR)
    response.cache_control.immutable = True
    response.cache_control.public = True
    return response
