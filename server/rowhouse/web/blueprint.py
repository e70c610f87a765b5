"""The blueprint of the pages. A template's name is its path in this folder: "overview/page.html"."""

from __future__ import annotations

from typing import Final

from flask import Blueprint

blueprint: Final = Blueprint("web", __name__, template_folder=".")

ID: Final = "int(min=1, max=2147483647)"
"""The converter for a row's id in a URL. An id that no row can have gives 404."""
