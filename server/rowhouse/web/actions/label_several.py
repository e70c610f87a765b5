"""Label the reservations that were selected in a table, all or none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import url_for

from rowhouse.api.calls import read_values
from rowhouse.api.reservation_documents import ReservationChange
from rowhouse.auth.guard import least_role
from rowhouse.domain.echo import shown
from rowhouse.domain.errors import InvalidRequest, NotFound
from rowhouse.ipam import pools
from rowhouse.ipam import reservations as use_cases
from rowhouse.store.allocation import reservations as rows
from rowhouse.web.actions import labels, selected
from rowhouse.web.actions.flow import Action, Change, Preview
from rowhouse.web.actions.release_several import MAX_LINES
from rowhouse.web.blueprint import ID, blueprint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from werkzeug.wrappers import Response

    from rowhouse.domain.administration import Actor
    from rowhouse.store.allocation.reservations import Key
    from rowhouse.store.connection.reads import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    selected: Sequence[str]
    held: Mapping[Key, int]
    added: Mapping[str, str]
    removed: Sequence[str]

    def after(self, row: Record) -> dict[str, str]:
        """Return the labels that a reservation has afterwards."""
        kept = {key: text for key, text in (row.labels or {}).items() if key not in self.removed}
        return {**kept, **self.added}


class LabelSeveral(Action[_Given]):
    """Add and remove labels of several reservations; the form carries the tenures that the user saw."""

    form = "actions/label_several.html"

    def __init__(self, pool_id: int | None) -> None:
        super().__init__()
        self.pool: Record | None = None if pool_id is None else pools.pool(self.store, pool_id)

    @property
    def title(self) -> str:
        return "Label addresses"

    @property
    def back(self) -> str:
        if self.pool is None:
            return url_for("web.reservations")
        return url_for("web.pool_addresses_page", pool_id=self.pool.id)

    def read(self, values: Mapping[str, str]) -> _Given:
        words = values.get("addresses", "").split()
        if not words:
            raise selected.nothing()
        added = labels.read(values.get("added", ""), "added")
        _check(added, "added")
        removed = values.get("removed", "").replace(",", " ").split()
        if not added and not removed:
            raise InvalidRequest(
                "no label is given", errors=[("/added", "Enter a label to set, or a key to remove")]
            )
        if both := sorted(set(added) & set(removed)):
            raise InvalidRequest(
                f"the label {shown(both[0])} is both set and removed",
                errors=[("/removed", f"{shown(both[0])} is also set")],
            )
        return _Given(
            selected=words,
            held=selected.tenures(values.get("held", "")),
            added=added,
            removed=removed,
        )

    def preview(self, given: _Given) -> Preview:
        keys = selected.keys(given.selected, None if self.pool is None else self.pool.network_id)
        # Read before the labels: if a tenure changes between the two reads, the change is refused.
        tenures = rows.tenures(self.store, keys)
        held = [
            row
            for row in rows.several(self.store, keys)
            if (row.network_id, row.address) in tenures
        ]
        if not held:
            raise NotFound(
                "none of the selected addresses is reserved", hint="Only reservations have labels."
            )
        for row in held:
            _check(given.after(row), "added")
        lines = [
            Change(
                name=row.address,
                before=labels.lines(row.labels) or "none",
                after=labels.lines(given.after(row)) or "none",
            )
            for row in held[:MAX_LINES]
        ]
        if len(held) > MAX_LINES:
            lines.append(Change(name="And", after=f"{len(held) - MAX_LINES} more addresses"))
        left = len(given.selected) - len(held)
        return Preview(
            button="Label address" if len(held) == 1 else f"Label {len(held)} addresses",
            lines=lines,
            warnings=[
                f"{left} of the selected rows {'is' if left == 1 else 'are'} not reserved, and cannot have labels."
            ]
            if left
            else [],
            hidden={"held": selected.tenures_text(tenures)},
        )

    def do(self, given: _Given, actor: Actor) -> str:
        if not given.held:
            raise selected.unseen()
        use_cases.label_several(
            self.store, given.held, actor, added=given.added, removed=given.removed
        )
        return self.back

    def context(self) -> Mapping[str, Any]:
        return {"pool": self.pool}


def _check(found: Mapping[str, str], field: str) -> None:
    """Raise InvalidRequest for labels that the API would refuse, at a field of this form."""
    try:
        read_values(ReservationChange, {"labels": dict(found)})
    except InvalidRequest as error:
        errors = [(f"/{field}", detail) for _, detail in error.errors]
        raise InvalidRequest(error.message, hint=error.hint, errors=errors) from None


@blueprint.route(f"/pools/<{ID}:pool_id>/label", methods=["GET", "POST"])
@least_role("operator")
def label_addresses(pool_id: int) -> Response:
    """Label addresses of a pool."""
    return LabelSeveral(pool_id).answer()


@blueprint.route("/reservations/label", methods=["GET", "POST"])
@least_role("operator")
def label_reservations() -> Response:
    """Label addresses of any pools."""
    return LabelSeveral(None).answer()
