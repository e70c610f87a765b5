"""The pages' table of contents: importing a feature adds its routes to the blueprint."""

from __future__ import annotations

from rowhouse.web import overview
from rowhouse.web.blueprint import blueprint
from rowhouse.web.layout import assets, errors, formats, headers, sections

__all__ = ["assets", "blueprint", "errors", "formats", "headers", "overview", "sections"]
