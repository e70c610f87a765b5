"""Request addresses for a namespace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import request, url_for

from rowhouse.api.calls import read_values
from rowhouse.api.requests import NewRequest
from rowhouse.api.reservation_documents import limited
from rowhouse.auth.caller import namespaces_seen, require_namespace, require_writer
from rowhouse.auth.guard import least_role
from rowhouse.ipam import pools as of_pools
from rowhouse.ipam import requests as use_cases
from rowhouse.store.inventory import pools as rows
from rowhouse.web.actions import selected
from rowhouse.web.actions.flow import Action, Change, Preview
from rowhouse.web.actions.reserve import LASTS, lowest, number
from rowhouse.web.blueprint import blueprint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Response

    from rowhouse.domain.administration import Actor

_MAX_POOLS: Final = 1000


class SendRequest(Action[NewRequest]):
    """Ask an operator for addresses of a pool."""

    form = "actions/request_send.html"

    def __init__(self) -> None:
        super().__init__()
        self.namespaces = namespaces_seen()

    @property
    def title(self) -> str:
        return "Request addresses"

    @property
    def back(self) -> str:
        return url_for("web.requests")

    def initial(self) -> Mapping[str, str]:
        given = request.args.to_dict()
        if self.namespaces:
            given.setdefault("owner.namespace", self.namespaces[0])
        return given

    def read(self, values: Mapping[str, str]) -> NewRequest:
        names = ("name", "namespace", "interface", "cluster")
        owner = {name: values.get(f"owner.{name}", "").strip() for name in names}
        wanted: dict[str, Any] = {
            "pool_id": number(values.get("pool_id", "")),
            "owner": {**owner, "kind": "pod" if owner["interface"] else "static"},
            "description": values.get("description", "").replace("\r\n", "\n").strip(),
        }
        if addresses := selected.single(values.get("addresses", "")):
            wanted["addresses"] = addresses
        else:
            wanted["count"] = number(values.get("count", "").strip() or "1")
        if values.get("ttl"):
            wanted["ttl"] = number(values["ttl"])
        given = read_values(NewRequest, wanted)
        limited(given, selected.most())
        require_namespace(given.owner.namespace)
        return given

    def preview(self, given: NewRequest) -> Preview:
        pool = of_pools.pool(self.store, given.pool_id, namespaces=self.namespaces)
        count = len(given.addresses or ()) or given.count or 1
        lines = [
            Change(
                name="Addresses" if count > 1 else "Address",
                after=", ".join(given.addresses) if given.addresses else lowest(count),
            ),
            Change(name="Pool", after=pool.cidr),
            Change(name="Namespace", after=given.owner.namespace),
            Change(name="Owner", after=given.owner.name),
            Change(name="Interface", after=given.owner.interface),
            Change(name="Duration", after=LASTS.get(f"{given.ttl or 0:.0f}", LASTS[""])),
            Change(name="Description", after=given.description),
        ]
        return Preview(button="Send request", lines=[line for line in lines if line.after])

    def do(self, given: NewRequest, actor: Actor) -> str:
        made = use_cases.send(self.store, given.plan(), actor, namespaces=self.namespaces)
        return url_for("web.request", request=made.id)

    def context(self) -> Mapping[str, Any]:
        wanted = rows.Search(namespaces=self.namespaces)
        pools = rows.search(self.store, wanted, after=0, limit=_MAX_POOLS)
        named = [(str(one.id), f"{one.cidr} {one.name or ''}".strip()) for one in pools]
        return {
            "pools": named,
            "lasts": LASTS,
            "namespace_options": [(one, one) for one in self.namespaces or ()],
        }


@blueprint.route("/requests/new", methods=["GET", "POST"])
@least_role("team")
def send_request() -> Response:
    """Request addresses."""
    require_writer()
    return SendRequest().answer()
