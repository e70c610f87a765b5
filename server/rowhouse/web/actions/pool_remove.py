"""Delete a pool that has no reservations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import url_for

from rowhouse.auth.guard import least_role
from rowhouse.domain.networks import as_shown
from rowhouse.ipam import pools as use_cases
from rowhouse.store.inventory import occupancy
from rowhouse.web.actions.flow import Action, Change, Preview
from rowhouse.web.blueprint import ID, blueprint
from rowhouse.web.layout.formats import number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Response

    from rowhouse.domain.administration import Actor
    from rowhouse.store.connection.reads import Record


_WARNING: Final = (
    "Its addresses will no longer be assigned. If a NAD still uses this range, the next ADD recreates the pool."
    " The history is kept."
)


def _held(count: int) -> str:
    reservations = "1 reservation" if count == 1 else f"{number(count)} reservations"
    return f"The pool has {reservations}. Release them first: until then, it cannot be deleted."


class RemovePool(Action[int]):
    """Delete one pool; the form carries the version of the pool that the user saw."""

    asks_for_name = True

    def __init__(self, pool_id: int) -> None:
        super().__init__()
        self.pool: Record = use_cases.pool(self.store, pool_id)

    @property
    def title(self) -> str:
        return f"Delete pool {self.pool.name or self.pool.cidr}"

    @property
    def back(self) -> str:
        return url_for("web.pool", pool_id=self.pool.id)

    def initial(self) -> Mapping[str, str]:
        return {"version": str(self.pool.version)}

    def read(self, values: Mapping[str, str]) -> int:
        version = values.get("version", "")
        return int(version) if version.isdecimal() and len(version) < 10 else 0  # noqa: PLR2004

    def preview(self, given: int) -> Preview:  # noqa: ARG002 - previewed as it is now
        found = occupancy.of_pool(self.store, self.pool.id)
        counts = (
            {}
            if found is None
            else {
                "Reservations": found.reserved,
                "Excluded addresses": found.excluded,
                "Quarantined addresses": found.quarantined,
                "Free addresses": found.free,
            }
        )
        held = counts.get("Reservations", 0)
        return Preview(
            button="Delete pool",
            lines=[
                Change(name="CIDR", before=self.pool.cidr),
                Change(name="Network", before=as_shown(self.pool.network_name)),
                *(
                    Change(name=name, before=number(count))
                    for name, count in counts.items()
                    if count
                ),
            ],
            warnings=[_held(held), _WARNING] if held else [_WARNING],
            typed=self.pool.name or self.pool.cidr,
            harmful=True,
        )

    def do(self, given: int, actor: Actor) -> str:
        use_cases.delete_pool(self.store, self.pool.id, actor, version=given)
        return url_for("web.overview")


@blueprint.route(f"/pools/<{ID}:pool_id>/remove", methods=["GET", "POST"])
@least_role("admin")
def remove_pool(pool_id: int) -> Response:
    """Delete a pool."""
    return RemovePool(pool_id).answer()
