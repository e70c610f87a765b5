"""The action that takes back what an audit entry records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flask import url_for

from rowhouse.store.inventory import lookup

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record


@dataclass(frozen=True, slots=True)
class Undo:
    """A button: its label, and the form that it sends. Without values it is a link to a preview."""

    label: str
    path: str
    values: Mapping[str, str] = field(default_factory=dict)


def undo(database: Database, entry: Record) -> Undo | None:
    """Return how to take a change back; None if no single action can. It is previewed like any other action."""
    before: dict[str, Any] = entry.before or {}
    after: dict[str, Any] = entry.after or {}
    if entry.row_count > 1:
        return None
    if entry.action == "reservation.create":
        place = {"network_id": after["network_id"], "address": after["address"]}
        return Undo("Undo: release it", url_for("web.release", **place))
    if entry.action == "reservation.delete" and before["owner_kind"] in {"static", "pod"}:
        return Undo(
            "Undo: reserve it again",
            url_for("web.reserve", pool_id=before["pool_id"]),
            {
                "addresses": before["address"],
                "description": before["description"],
                **{
                    f"owner.{name}": before[f"owner_{name}"]
                    for name in ("kind", "name", "namespace", "interface", "cluster")
                },
            },
        )
    if entry.action == "exclusion.create":
        place = {"network_id": after["network_id"], "address": after["first"]}
        return Undo("Undo: end the exclusion", url_for("web.end_exclusion", **place))
    if entry.action == "exclusion.delete":
        for pool in lookup.pools_at(database, before["first"]):
            if pool.network_id == before["network_id"]:
                values = {name: before[name] for name in ("first", "last", "reason")}
                if before.get("requests_only"):
                    values["requests_only"] = "true"
                if before.get("name"):
                    values["name"] = before["name"]
                path = url_for("web.exclude", pool_id=pool.id)
                return Undo("Undo: exclude them again", path, values)
    return None
