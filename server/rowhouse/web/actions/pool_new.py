"""Create a pool, and its network if it does not exist yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import url_for

from rowhouse.api.calls import read_strings
from rowhouse.api.pool_documents import NewPool
from rowhouse.auth.guard import least_role
from rowhouse.domain.networks import as_shown
from rowhouse.ipam import pools as use_cases
from rowhouse.store.inventory import lookup, networks
from rowhouse.web.actions import pools
from rowhouse.web.actions.flow import Action, Change, Preview, changes
from rowhouse.web.blueprint import blueprint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Response

    from rowhouse.domain.administration import Actor

_MOST_SUGGESTED = 200


class NewPoolAction(Action[NewPool]):
    """Create one pool."""

    form = "actions/pool_new.html"

    @property
    def title(self) -> str:
        return "New pool"

    @property
    def back(self) -> str:
        return url_for("web.overview")

    def read(self, values: Mapping[str, str]) -> NewPool:
        filled = pools.to_request(values)
        wanted = {name: value for name, value in filled.items() if value is not None}
        wanted |= {
            "cidr": values.get("cidr", "").strip(),
            "network": values.get("network", "").strip(),
            "isolated": "true" if values.get("isolated") else "false",
            "force": "true" if values.get("force") else "false",
        }
        return read_strings(NewPool, wanted)

    def preview(self, given: NewPool) -> Preview:
        given.plan().check()
        shown = pools.shown(
            given.model_dump(
                exclude={"labels", "reuse_delay", "drained", "force"}, exclude_none=True
            )
            | {
                "reuse_delay": f"{given.reuse_delay:g}",
                "labels": "\n".join(f"{key}={value}" for key, value in given.labels.items()),
                "drained": "true" if given.drained else "",
            }
        )
        network = as_shown(given.network)
        shared = [] if given.isolated else self._sharing(given)
        return Preview(
            button="Create pool",
            lines=[
                Change(name="CIDR", after=given.cidr),
                Change(name="Network", after=f"{network}, isolated" if given.isolated else network),
                *changes({"drained": "no"}, shown, pools.LABELS),
            ],
            warnings=[
                f"This pool shares addresses with {', '.join(shared)}: an address assigned by one is used in all."
            ]
            if shared
            else [],
        )

    def do(self, given: NewPool, actor: Actor) -> str:
        made = use_cases.create_pool(
            self.store,
            given.plan(),
            given.network,
            actor,
            isolated=given.isolated,
            force=given.force,
        )
        return url_for("web.pool", pool_id=made.id)

    def _sharing(self, given: NewPool) -> list[str]:
        """Return the CIDRs of the network's pools that overlap the new one."""
        known = networks.search(self.store, name=given.network, after=0, limit=_MOST_SUGGESTED)
        spaces = {row.id for row in known if row.name == given.network and row.isolated is None}
        found = lookup.pools_at(self.store, given.cidr)
        return [pool.cidr for pool in found if pool.network_id in spaces]

    def context(self) -> Mapping[str, Any]:
        known = networks.search(self.store, name=None, after=0, limit=_MOST_SUGGESTED)
        return {"units": pools.UNITS, "networks": sorted({row.name for row in known if row.name})}


@blueprint.route("/pools/new", methods=["GET", "POST"])
@least_role("operator")
def new_pool() -> Response:
    """Create a pool."""
    return NewPoolAction().answer()
