"""Delete a pool that has no reservations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import url_for

from rowhouse.auth.guard import least_role
from rowhouse.domain.networks import as_shown
from rowhouse.ipam import pools as use_cases
from rowhouse.web.actions.flow import Action, Change, Preview
from rowhouse.web.blueprint import ID, blueprint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Response

    from rowhouse.domain.administration import Actor
    from rowhouse.store.connection.reads import Record


_WARNING: Final = (
    "Its addresses will no longer be assigned. If a NAD still uses this range, the next ADD recreates the pool."
    " The history is kept."
)


class RemovePool(Action[int]):
    """Delete one pool; the form carries the version of the pool that the user saw."""

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
        return Preview(
            button="Delete pool",
            lines=[
                Change(name="CIDR", before=self.pool.cidr),
                Change(name="Network", before=as_shown(self.pool.network_name)),
            ],
            warnings=[_WARNING],
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
