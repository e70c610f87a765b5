"""Reserve addresses of a pool by hand: specific ones, or the lowest free ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import render_template, request, url_for

from rowhouse.api.calls import read_strings, read_values
from rowhouse.api.explain import ExplainQuery
from rowhouse.api.reservation_documents import NewReservations
from rowhouse.auth.guard import least_role
from rowhouse.domain.addresses import parse_cidr
from rowhouse.domain.errors import AddressOutsideRanges, InvalidRequest
from rowhouse.ipam import pools as use_cases
from rowhouse.ipam import reservations
from rowhouse.store.history import audit
from rowhouse.web.actions import labels, selected
from rowhouse.web.actions.flow import Action, Change, Preview
from rowhouse.web.blueprint import ID, blueprint
from rowhouse.web.database import store

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from werkzeug.wrappers import Response

    from rowhouse.domain.administration import Actor
    from rowhouse.store.connection.reads import Record

LASTS: Final = {
    "": "until it is released",
    "3600": "an hour",
    "86400": "a day",
    "604800": "a week",
    "2592000": "30 days",
}
"""Durations in seconds, with their labels."""

_OWNER: Final = ("kind", "name", "namespace", "interface", "cluster")
_MAX_NUMBER: Final = 10
_TAKEN: Final = frozenset({"in use", "reserved", "excluded"})


class Reserve(Action[NewReservations]):
    """Reserve addresses in one pool."""

    form = "actions/reserve.html"

    def __init__(self, pool_id: int) -> None:
        super().__init__()
        self.pool: Record = use_cases.pool(self.store, pool_id)

    @property
    def title(self) -> str:
        return f"Reserve in pool {self.pool.name or self.pool.cidr}"

    @property
    def back(self) -> str:
        return url_for("web.pool", pool_id=self.pool.id)

    def read(self, values: Mapping[str, str]) -> NewReservations:
        owner = {name: text for name in _OWNER if (text := values.get(f"owner.{name}", "").strip())}
        wanted: dict[str, Any] = {
            "pool_id": self.pool.id,
            "owner": {"name": "", **owner},
            "description": values.get("description", "").replace("\r\n", "\n").strip(),
        }
        wanted["labels"] = labels.read(values.get("labels", ""))
        addresses = selected.single(values.get("addresses", ""))
        if addresses:
            wanted["addresses"] = addresses
        else:
            wanted["count"] = number(values.get("count", "").strip() or "1")
        if values.get("ttl"):
            wanted["ttl"] = number(values["ttl"])
        wanted["force"] = bool(values.get("force"))
        given = read_values(NewReservations, wanted)
        most = selected.most()
        if (given.count or 1) > most or len(given.addresses or ()) > most:
            field = "/count" if given.addresses is None else "/addresses"
            raise InvalidRequest(
                f"more than {most} addresses in one request", errors=[(field, f"at most {most}")]
            )
        return given

    def preview(self, given: NewReservations) -> Preview:
        special = self._special(given)
        count = len(given.addresses or ()) or given.count or 1
        owner = "/".join(filter(None, (given.owner.namespace, given.owner.name)))
        lines = [
            Change(
                name="Addresses" if count > 1 else "Address",
                after=", ".join(given.addresses) if given.addresses else lowest(count),
            ),
            Change(name="Pool", after=self.pool.cidr),
            Change(name="Owner", after=f"pod {owner}" if given.owner.kind == "pod" else owner),
            Change(name="Interface", after=given.owner.interface),
            Change(name="Cluster", after=given.owner.cluster),
            Change(name="Duration", after=LASTS.get(f"{given.ttl or 0:.0f}", LASTS[""])),
            Change(name="Description", after=given.description),
            Change(name="Labels", after=labels.lines(given.labels)),
        ]
        return Preview(
            button="Reserve addresses" if count > 1 else "Reserve address",
            lines=[line for line in lines if line.after],
            consent=f"Reserve it even though {special}" if special else "",
        )

    def do(self, given: NewReservations, actor: Actor) -> str:
        made = reservations.reserve(self.store, given.plan(), actor)
        if len(made) > 1:
            return self.back
        return url_for("web.address", network_id=self.pool.network_id, address=made[0].address)

    def context(self) -> Mapping[str, Any]:
        return {"pool": self.pool, "lasts": LASTS}

    def _special(self, given: NewReservations) -> str:
        """Return what needs the user's consent, "" if nothing does. Raises for what is certain to be refused.

        The database checks again after the confirmation.
        """
        special = []
        network = parse_cidr(self.pool.cidr)
        for address in given.addresses or ():
            if address not in network:
                raise AddressOutsideRanges(f"address {address} is outside pool {self.pool.cidr}")
            known = audit.explain(self.store, self.pool.network_name, address)
            if known.get("state") in _TAKEN:
                raise InvalidRequest(
                    f"{address} cannot be reserved: {known['because']}",
                    errors=[("/addresses", f"{address} is {known['state']}: {known['because']}")],
                )
            if known.get("state") == "gateway" or "address of the pool" in known["because"]:
                which = known["because"].partition("it is ")[2].partition(" (")[0]
                special.append(f"{address} is {which}")
        return ", ".join(special)


def number(text: str) -> int | str:
    """Return the number, or the text as typed: validation reports the error."""
    return int(text) if text.isdecimal() and len(text) <= _MAX_NUMBER else text


def duration(ttl: timedelta | None) -> str:
    """Return how long addresses stay reserved while no sandbox uses them."""
    seconds = "" if ttl is None else f"{ttl.total_seconds():.0f}"
    return LASTS.get(seconds, f"{seconds} seconds")


def lowest(count: int) -> str:
    """Return how a preview names the lowest free addresses."""
    return f"the {count} lowest free addresses" if count > 1 else "the lowest free address"


@blueprint.route(f"/pools/<{ID}:pool_id>/reserve", methods=["GET", "POST"])
@least_role("operator")
def reserve(pool_id: int) -> Response:
    """Reserve addresses."""
    return Reserve(pool_id).answer()


@blueprint.get(f"/pools/<{ID}:pool_id>/reserve/state")
@least_role("operator")
def reserve_state(pool_id: int) -> str:
    """Show the current state of the addresses that the user is typing: a part of the form."""
    pool = use_cases.pool(store(), pool_id)
    known = []
    for text in request.args.get("addresses", "").replace(",", " ").split()[:8]:
        try:
            asked = read_strings(ExplainQuery, {"network": pool.network_name, "address": text})
        except InvalidRequest:
            continue  # the address is still incomplete
        known.append(audit.explain(store(), asked.network, asked.address))
    return render_template("actions/reserve_state.html", known=known)
