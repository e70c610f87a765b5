"""The blueprint of the pages. A template's name is its path in this folder: "overview/page.html"."""

from __future__ import annotations

from typing import Final

from flask import Blueprint

blueprint: Final = Blueprint("web", __name__, template_folder=".")

ID: Final = "int(min=1, max=2147483647)"
"""The converter of a row's id in a URL: one that no row can have is a path that does not exist."""
