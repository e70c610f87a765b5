"""Edit a pool: name, gateway, window, reuse delay, labels, description; drain it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import url_for

from rowhouse.api.calls import read_strings
from rowhouse.api.pool_documents import PoolChange
from rowhouse.auth.guard import least_role
from rowhouse.domain.errors import Outdated
from rowhouse.ipam import pools as use_cases
from rowhouse.web.actions import pools
from rowhouse.web.actions.flow import Action, Change, Preview, changes
from rowhouse.web.blueprint import ID, blueprint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Response

    from rowhouse.domain.administration import Actor
    from rowhouse.store.connection.reads import Record


class _Given:
    """The values of the form, and the version of the pool that the user saw."""

    def __init__(self, values: Mapping[str, str]) -> None:
        version = values.get("version", "")
        self.version = int(version) if version.isdecimal() and len(version) < 10 else 0  # noqa: PLR2004
        self.force = bool(values.get("force"))
        self.values = values
        wanted = pools.to_request(values)
        self.changes: dict[str, Any] = {
            **{name: value for name, value in wanted.items() if value is None},
            **read_strings(
                PoolChange, {name: value for name, value in wanted.items() if value is not None}
            ).model_dump(exclude_unset=True),
        }


class ChangePool(Action[_Given]):
    """Change one pool."""

    form = "actions/pool_change.html"

    def __init__(self, pool_id: int) -> None:
        super().__init__()
        self.pool: Record = use_cases.pool(self.store, pool_id)

    @property
    def title(self) -> str:
        return f"Edit pool {self.pool.name or self.pool.cidr}"

    @property
    def back(self) -> str:
        return url_for("web.pool", pool_id=self.pool.id)

    def initial(self) -> Mapping[str, str]:
        return pools.of_row(self.pool) | {"version": str(self.pool.version)}

    def read(self, values: Mapping[str, str]) -> _Given:
        return _Given(values)

    def preview(self, given: _Given) -> Preview:
        if given.version != self.pool.version:
            raise self._outdated()
        use_cases.check_change(self.store, self.pool.id, given.changes, force=given.force)
        now, then = pools.shown(pools.of_row(self.pool)), pools.shown(given.values)
        warnings = []
        if (now["drained"], then["drained"]) == ("no", "yes"):
            warnings.append(
                "A drained pool assigns no new addresses: pods that need one will not start."
            )
        if given.force:
            warnings.append("Affected reservations stay as they are until they are released.")
        lines = changes(now, then, pools.LABELS)
        if now["name"] not in ("", then["name"]):
            kept = sorted({*self.pool.aliases, now["name"]} - {then["name"]})
            lines.append(
                Change(
                    name="Also known as", before=", ".join(self.pool.aliases), after=", ".join(kept)
                )
            )
        return Preview(
            button="Save changes" if lines else "Continue without changes",
            lines=lines,
            warnings=warnings,
            harmful=bool(warnings),
        )

    def do(self, given: _Given, actor: Actor) -> str:
        try:
            use_cases.change_pool(
                self.store,
                self.pool.id,
                given.changes,
                actor,
                version=given.version,
                force=given.force,
            )
        except Outdated:
            raise self._outdated() from None
        return self.back

    def _outdated(self) -> Outdated:
        return Outdated(
            f"pool {self.pool.cidr} was changed while you edited it",
            hint="Your values are still in the form below. The audit log shows the other change.",
        )

    def context(self) -> Mapping[str, Any]:
        return {"pool": self.pool, "units": pools.UNITS}


@blueprint.route(f"/pools/<{ID}:pool_id>/edit", methods=["GET", "POST"])
@least_role("operator")
def change_pool(pool_id: int) -> Response:
    """Change a pool."""
    return ChangePool(pool_id).answer()
