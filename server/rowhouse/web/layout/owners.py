"""The owners of addresses: their names, and the pages about them."""

from __future__ import annotations

from typing import Any

from flask import url_for


def owner(row: Any) -> str:
    """Return the name of the owner: "shop/web-0", "claim shop/data", or "printer"; "" if there is none."""
    name = f"{row.namespace}/{row.name}" if row.namespace else str(row.name)
    if row.owner_kind in {"", "pod", "static"}:
        return name
    return f"{row.owner_kind.replace('_', ' ')} {name}"


def owner_url(row: Any) -> str:
    """Return the path of the owner's page; "" if there is none."""
    if not row.name:
        return ""
    # A namespace cannot have this name.
    return url_for("web.pod", namespace=row.namespace or "-", name=row.name)
