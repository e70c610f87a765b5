"""The clients that are operators: they reserve, release, reassign, exclude, and change pools."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, Final

from faults.second import nads
from faults.second.wire import INTERFACE, NAMESPACE, Wire

if TYPE_CHECKING:
    from faults.second.gate import Gate
    from faults.second.nads import Nad
    from faults.second.records import Record, Records

JSON = dict[str, Any]
MAX_KEPT: Final = 8
MAX_EXCLUDED: Final = 3
CHANGED: Final = frozenset({"tight", "named", "rest"})
"""Networks whose pools get other gateways and windows. One operator changes a pool, so its changes have an order."""
EXCLUDED: Final = CHANGED | {"sticky", "nadrest"}
NODE: Final = "node-of-operators"


@dataclass(slots=True, kw_only=True)
class Kept:
    """What an operator has reserved; `pod` is the pod's name, empty for a device."""

    network: str
    network_id: int
    address: str
    cidr: str
    owner: str
    keys: tuple[str, ...]
    pod: str = ""
    call: Record


class Operator(threading.Thread):
    """One client of the administration API."""

    def __init__(
        self,
        number: int,
        operators: int,
        url: str,
        records: Records,
        gate: Gate,
        stop: threading.Event,
        *,
        seed: str,
    ) -> None:
        super().__init__(name=f"operator {number}", daemon=True)
        self.kept: list[Kept] = []
        self.failure: BaseException | None = None
        self._number = number
        self._operators = operators
        self._wire = Wire(url, records)
        self._records = records
        self._gate = gate
        self._stop_asked = stop
        self._dice = Random(f"{seed}/second/operator/{number}")
        self._made = 0
        self._excluded: list[tuple[JSON, JSON, tuple[str, ...]]] = []

    def run(self) -> None:
        try:
            while not self._stop_asked.wait(0.02 * self._dice.random()):
                with self._gate.passed():
                    self.act()
        except BaseException as failure:  # noqa: BLE001 - handed to the thread that joins
            self.failure = failure

    def act(self) -> None:
        """One of the acts."""
        dice = self._dice
        acts = (
            (self._reserve, 6), (self._release, 4), (self._reassign, 3), (self._live, 5),
            (self._touch_attached, 3), (self._reserve_gateway, 3), (self._exclude, 3), (self._include, 3),
            (self._change_pool, 4), (self._forget_gateway, 1), (self._delete_pool, 2), (self._ask, 3),
        )  # fmt: skip
        dice.choices([act for act, _ in acts], [weight for _, weight in acts])[0]()

    def undo(self) -> None:
        """Lift what was excluded and changed. What was reserved stays."""
        self._wire.close()
        for made, pool, keys in self._excluded:
            self._lift(made, pool, keys)
        for pool in self._pools():
            if pool["network"] in CHANGED and self._is_mine(pool):
                self._patch(pool, {"window_first": None, "window_last": None}, force=True)
                self._patch(pool, {"gateway": None}, force=True)

    def give_up(self) -> None:
        """Release what was reserved."""
        self._wire.close()  # the server ends a connection that is idle for long
        while self.kept:
            self._release_one(self.kept.pop())
        self._wire.close()

    def _reserve(self) -> None:
        if len(self.kept) >= MAX_KEPT:
            self._release()
            return
        pool = self._dice.choice(self._pools())
        body: JSON = {"pool_id": pool["id"]}
        roll = self._dice.random()
        if roll < 0.5 or ":" in pool["cidr"]:
            body["count"] = 1
        else:
            body["addresses"] = [_some(pool, self._dice)]
        self._make(pool, body, force=self._dice.random() < 0.2)

    def _reserve_gateway(self) -> None:
        """By force; without force it is refused."""
        gateways = self._read("/gateways?limit=1000").get("items", ())
        pools = {pool["id"]: pool for pool in self._pools()}
        gateways = [one for one in gateways if one["pool_id"] in pools]
        if gateways and len(self.kept) < MAX_KEPT:
            one = self._dice.choice(gateways)
            body = {"addresses": [one["address"]]}
            self._make(pools[one["pool_id"]], body, force=self._dice.random() < 0.6)

    def _make(self, pool: JSON, body: JSON, *, force: bool, ttl: float = 0.0) -> None:
        name = f"owned-{self._number}-{self._next()}"
        is_pod = self._dice.random() < 0.5
        owner = _owner(name, is_pod=is_pod)
        body |= {"pool_id": pool["id"], "owner": owner, "force": force}
        if self._dice.random() < 0.1:
            ttl = 2.0
            body["ttl"] = ttl
        call = self._begin("reserve", pool, owner, force=force)
        call.details |= {"asked": body.get("addresses"), "ttl": ttl}
        self._wire.api(call, "POST", "/reservations", body)
        if call.outcome == "ok" and not ttl:
            for address in call.addresses:
                self._keep(pool, call, address, name if is_pod else "")

    def _keep(self, pool: JSON, call: Record, address: str, pod: str) -> None:
        self.kept.append(
            Kept(
                network=pool["network"],
                network_id=pool["network_id"],
                address=address,
                cidr=pool["cidr"],
                owner=call.owner,
                keys=call.keys,
                pod=pod,
                call=call,
            )
        )

    def _release(self) -> None:
        if self.kept:
            self._release_one(self.kept.pop(self._dice.randrange(len(self.kept))))

    def _release_one(self, one: Kept) -> None:
        for _ in range(10):
            call = self._about(one, "release")
            self._wire.api(call, "DELETE", _path(one))
            if call.outcome == "ok" or call.status in {404, 409}:
                return

    def _reassign(self) -> None:
        """To another device or pod; it stays this operator's."""
        if not self.kept:
            return
        one = self._dice.choice(self.kept)
        name = f"next-{self._number}-{self._next()}"
        is_pod = self._dice.random() < 0.5
        call = self._about(one, "reassign", to=_owner(name, is_pod=is_pod))
        self._wire.api(
            call, "POST", f"{_path(one)}/reassign", {"owner": _owner(name, is_pod=is_pod)}
        )
        if call.outcome == "ok":
            one.owner, one.pod, one.call = call.owner, name if is_pod else "", call
        else:
            self.kept.remove(one)  # another operator's forced act, or unknown

    def _live(self) -> None:
        """A pod for which an address was reserved comes and goes, twice: it is the pod's all the time."""
        mine = [
            (one, nad)
            for one in self.kept
            if one.pod
            for nad in nads.FIXED
            if nad.network == one.network and nad.cidrs == (one.cidr,)
        ]
        if not mine:
            return
        one, nad = self._dice.choice(mine)
        for _ in range(2):
            container = f"o-{self._number}-{self._next()}"
            self._cni("ADD", nad, one, container)
            self._cni("DEL", nad, one, container)

    def _cni(self, command: str, nad: Nad, one: Kept, container: str) -> None:
        for _ in range(20):
            call = self._records.begin(
                command, network=nad.network, nad=nad.name, keys=nad.keys, owner=one.owner, node=NODE,
                container=container,
            )  # fmt: skip
            arguments = f"K8S_POD_NAMESPACE={NAMESPACE};K8S_POD_NAME={one.pod}"
            self._wire.cni(call, nad.netconf(), arguments)
            if call.outcome == "ok" or command == "ADD":
                return

    def _touch_attached(self) -> None:
        """Release or reassign what a pod uses: refused but by force."""
        network = self._dice.choice(self._pools())["network"]
        found = self._read(f"/reservations?network={network}&limit=40").get("items", ())
        used = [one for one in found if one["attachments"]]
        if not used:
            return
        row = self._dice.choice(used)
        pool = {"network": row["network"], "network_id": row["network_id"], "cidr": row["pool"]}
        one = self._found(pool, row)
        force = self._dice.random() < 0.4
        if self._dice.random() < 0.5:
            call = self._about(one, "release", force=force)
            self._wire.api(call, "DELETE", f"{_path(one)}?force={str(force).lower()}")
        else:
            name = f"taken-{self._number}-{self._next()}"
            owner = _owner(name, is_pod=False)
            call = self._about(one, "reassign", to=owner, force=force)
            # (The time to live of a leased address goes on with its next owner.)
            call.details["ttl"] = row["network"] == "sticky"
            self._wire.api(call, "POST", f"{_path(one)}/reassign", {"owner": owner, "force": force})
            if call.outcome == "ok" and not call.details["ttl"]:
                self._keep(pool, call, one.address, "")

    def _found(self, pool: JSON, row: JSON) -> Kept:
        call = self._begin("found", pool, {"name": row["owner"]["name"], "kind": "pod"})
        return Kept(
            network=row["network"],
            network_id=row["network_id"],
            address=row["address"],
            cidr=row["pool"],
            owner="",
            keys=call.keys,
            call=call,
        )

    def _exclude(self) -> None:
        pools = [one for one in self._pools() if _may_exclude(one)]
        if not pools or len(self._excluded) >= MAX_EXCLUDED:
            self._include()
            return
        pool = self._dice.choice(pools)
        first = self._dice.randrange(2, 28)
        force = self._dice.random() < 0.3
        ends = [_numbered(pool, first), _numbered(pool, first + 1)]
        call = self._begin("exclude", pool, {"name": "", "kind": "static"}, force=force)
        call.addresses = tuple(ends)
        body = {"network_id": pool["network_id"], "first": ends[0], "last": ends[1], "force": force}
        made = self._wire.api(call, "POST", "/exclusions", body)
        if call.outcome == "ok":
            made["call"] = call.number
            self._excluded.append((made, pool, tuple(ends)))

    def _include(self) -> None:
        if self._excluded:
            self._lift(*self._excluded.pop(self._dice.randrange(len(self._excluded))))

    def _lift(self, made: JSON, pool: JSON, ends: tuple[str, ...]) -> None:
        call = self._begin("include", pool, {"name": "", "kind": "static"})
        call.addresses = ends
        call.details["exclusion"] = made["call"]
        self._wire.api(call, "DELETE", f"/exclusions/{made['id']}")

    def _change_pool(self) -> None:
        mine = [
            pool for pool in self._pools() if pool["network"] in CHANGED and self._is_mine(pool)
        ]
        if not mine:
            return
        pool = self._dice.choice(mine)
        force = self._dice.random() < 0.3
        change: JSON = self._dice.choice(
            (
                {"gateway": _numbered(pool, self._dice.randrange(2, 14))},
                {"gateway": None},
                {
                    "window_first": _numbered(pool, self._dice.randrange(2, 6)),
                    "window_last": _numbered(pool, self._dice.randrange(10, 15)),
                },
                {"window_first": None, "window_last": None},
            )
        )
        self._patch(pool, change, force=force)

    def _patch(self, pool: JSON, change: JSON, *, force: bool) -> None:
        kind = "gateway" if "gateway" in change else "window"
        call = self._begin(kind, pool, {"name": "", "kind": "static"}, force=force)
        call.details |= change
        path = f"/pools/{pool['id']}?force={str(force).lower()}"
        self._wire.api(call, "PATCH", path, change)

    def _forget_gateway(self) -> None:
        """Its NAD makes it known again."""
        for one in self._read("/gateways?network=tight").get("items", ()):
            if one["cni_network"] == nads.HOP.name:
                pool = {"network": "tight", "network_id": 0, "cidr": nads.HOP.cidrs[0]}
                call = self._begin("forget", pool, {"name": "", "kind": "static"})
                call.addresses = (one["address"],)
                self._wire.api(call, "DELETE", f"/gateways/{one['id']}")

    def _delete_pool(self) -> None:
        """It comes back by the next ADD."""
        for pool in self._read("/pools?network=remade").get("items", ()):
            call = self._begin("delete pool", pool, {"name": "", "kind": "static"})
            self._wire.api(call, "DELETE", f"/pools/{pool['id']}")

    def _ask(self) -> None:
        pool = self._dice.choice(self._pools())
        network, address = pool["network"], _some(pool, self._dice)
        self._read(
            self._dice.choice(
                (
                    f"/explain?network={network}&address={address}",
                    f"/history?address={address}",
                    f"/pools/{pool['id']}/usage",
                    f"/pools/{pool['id']}/free",
                )
            )
        )

    def _is_mine(self, pool: JSON) -> bool:
        return bool(pool["id"] % self._operators == self._number)

    def _pools(self) -> list[JSON]:
        items: list[JSON] = self._read("/pools?limit=1000").get("items", [])
        return items

    def _read(self, path: str) -> JSON:
        return self._wire.api(self._records.begin("GET"), "GET", path)

    def _about(
        self, one: Kept, kind: str, *, to: JSON | None = None, force: bool = False
    ) -> Record:
        """A call about one address, under the id that its network has now: an isolated pool may have joined another."""
        if one.network.startswith("mix"):
            path = f"/reservations?network={one.network}&address={one.address}"
            for row in self._read(path).get("items", ()):
                if row["pool"] == one.cidr:
                    one.network_id = row["network_id"]
        return self._records.begin(
            kind, network=one.network, keys=one.keys, owner="" if to is None else _text(to),
            addresses=(one.address,), is_forced=force, details={"from": one.owner, "ttl": 0},
        )  # fmt: skip

    def _begin(self, kind: str, pool: JSON, owner: JSON, *, force: bool = False) -> Record:
        own = f"{pool['network']}|{pool['cidr']}"
        # (Whether a pool of these networks is isolated changes.)
        keys = (
            (own,)
            if pool["network"].startswith("mix")
            else (own, f"{pool['network']}|{nads.SHARED}")
        )
        return self._records.begin(
            kind, network=pool["network"], keys=keys, owner=_text(owner), is_forced=force,
            details={"pool": pool["cidr"]},
        )  # fmt: skip

    def _next(self) -> int:
        self._made += 1
        return self._made


def _owner(name: str, *, is_pod: bool) -> JSON:
    if is_pod:
        return {"kind": "pod", "name": name, "namespace": NAMESPACE, "interface": INTERFACE}
    return {"kind": "static", "name": name}


def _text(owner: JSON) -> str:
    return (
        f"pod {NAMESPACE}/{owner['name']}" if owner["kind"] == "pod" else f"static {owner['name']}"
    )


def _path(one: Kept) -> str:
    return f"/reservations/{one.network_id}/{one.address}"


def _may_exclude(pool: JSON) -> bool:
    return pool["network"] in EXCLUDED or pool["network"].startswith("mix")


def _numbered(pool: JSON, number: int) -> str:
    return f"{pool['cidr'].partition('/')[0].rpartition('.')[0]}.{number}"


def _some(pool: JSON, dice: Random) -> str:
    if ":" in pool["cidr"]:
        return f"{pool['cidr'].partition('/')[0]}{dice.randrange(1, 200):x}"
    return _numbered(pool, dice.randrange(1, 31))
