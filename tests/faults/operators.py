"""The experiment with operators: they reserve, reassign, exclude, and change pools while pods come and go."""

from __future__ import annotations

import contextlib
import json
import urllib.error
import urllib.request
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from faults import service
from faults.experiment import Load, Nemesis, Report, run
from faults.pools import POOLS

if TYPE_CHECKING:
    from random import Random

    from faults.experiments import Laboratory

JSON = dict[str, Any]

# What operators take is no pod's: of no pool it can be said that it must have had room.
SHARED: Final = tuple(replace(pool, certain=False) for pool in POOLS)
_CONFLICT: Final = 409
_MAX_KEPT: Final = 12


class Operator:
    """One person at the API. `found` has what should not have been allowed."""

    def __init__(self, url: str) -> None:
        self.found: list[tuple[str, str]] = []
        self.done = 0
        self._url = f"{url}/api/v1"
        self._kept: list[JSON] = []
        self._excluded: list[int] = []

    def act(self, dice: Random) -> None:
        """One act of the many."""
        act = dice.choice(
            (
                self.reserve,
                self.reserve,
                self.release,
                self.reassign,
                self.reassign_attached,
                self.exclude,
                self.include,
                self.change_pool,
            )
        )
        act(dice)

    def reserve(self, dice: Random) -> None:
        """Two addresses of a pool, for a device; as the pod's name has nothing to do with it, for ever."""
        if len(self._kept) >= _MAX_KEPT:
            self.release(dice)
            return
        owner = {"kind": "static", "name": f"device-{dice.randrange(10**6)}"}
        pool = dice.choice(self._pools())
        status, made = self._ask(
            "POST", "/reservations", {"pool_id": pool["id"], "count": 2, "owner": owner}
        )
        if status < _CONFLICT:
            self._kept += made["items"]

    def release(self, dice: Random) -> None:
        """What was reserved by hand."""
        if self._kept:
            one = self._kept.pop(dice.randrange(len(self._kept)))
            status, _ = self._ask("DELETE", _path(one))
            if status >= _CONFLICT:
                self.found.append(("reserved by hand and lost", f"{one['address']}: {status}"))

    def reassign(self, dice: Random) -> None:
        """What was reserved by hand, to another device."""
        if self._kept:
            one = dice.choice(self._kept)
            owner = {"kind": "static", "name": f"other-{dice.randrange(10**6)}"}
            status, _ = self._ask("POST", f"{_path(one)}/reassign", {"owner": owner})
            if status >= _CONFLICT:
                self.found.append(("reserved by hand and lost", f"{one['address']}: {status}"))

    def reassign_attached(self, dice: Random) -> None:
        """What a pod uses: refused, as it is not forced. Its pod may go meanwhile, so that it is not found."""
        _, found = self._ask("GET", "/reservations?limit=100")
        used = [one for one in found.get("items", ()) if one["attachments"]]
        if not used:
            return
        one = dice.choice(used)
        owner = {"kind": "static", "name": "thief"}
        status, _ = self._ask("POST", f"{_path(one)}/reassign", {"owner": owner})
        if status < _CONFLICT:
            # (Its pod went meanwhile, and another operator has it.)
            now = self._ask("GET", _path(one))[1]
            if now.get("attachments") and now["owner"]["name"] == "thief":
                self.found.append(("a running sandbox left behind", one["address"]))

    def exclude(self, dice: Random) -> None:
        """A few addresses of a pool; refused where pods use them."""
        pool = dice.choice([one for one in self._pools() if ":" not in one["cidr"]])
        base = pool["cidr"].partition("/")[0].rpartition(".")[0]
        first = dice.randrange(1, 25)
        body = {
            "network_id": pool["network_id"],
            "first": f"{base}.{first}",
            "last": f"{base}.{first + 2}",
        }
        status, made = self._ask("POST", "/exclusions", body)
        if status < _CONFLICT:
            self._excluded.append(made["id"])

    def include(self, dice: Random) -> None:
        """What was excluded."""
        if self._excluded:
            self._ask(
                "DELETE", f"/exclusions/{self._excluded.pop(dice.randrange(len(self._excluded)))}"
            )

    def change_pool(self, dice: Random) -> None:
        """Its gateway, window or reuse delay; refused where pods are in the way."""
        pool = dice.choice([one for one in self._pools() if ":" not in one["cidr"]])
        base = pool["cidr"].partition("/")[0].rpartition(".")[0]
        change: JSON = dice.choice(
            (
                {"gateway": f"{base}.{dice.randrange(1, 30)}"},
                {"gateway": None},
                {"window_first": f"{base}.{dice.randrange(1, 10)}"},
                {"window_first": None},
                {"reuse_delay": dice.choice((0.05, 0.5))},
                {"reuse_delay": 0},
            )
        )
        self._ask("PATCH", f"/pools/{pool['id']}", change)

    def undo(self) -> None:
        """Take back all that is left of it."""
        while self._kept:
            one = self._kept.pop()
            status, _ = self._ask("DELETE", _path(one))
            if status >= _CONFLICT:
                self.found.append(("reserved by hand and lost", f"{one['address']}: {status}"))
        for exclusion in self._excluded:
            self._ask("DELETE", f"/exclusions/{exclusion}")
        for pool in self._pools():
            self._ask("PATCH", f"/pools/{pool['id']}", {"window_first": None, "gateway": None})

    def _pools(self) -> list[JSON]:
        pools: list[JSON] = self._ask("GET", "/pools")[1]["items"]
        return pools

    def _ask(self, method: str, path: str, body: JSON | None = None) -> tuple[int, JSON]:
        request = urllib.request.Request(
            self._url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        self.done += 1
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else {}
        except urllib.error.HTTPError as error:
            if error.code >= 500:
                self.found.append(
                    ("an operator's call failed", f"{method} {path}: {error.read()!r}")
                )
            return error.code, {}


def _path(one: JSON) -> str:
    return f"/reservations/{one['network_id']}/{one['address']}"


def operators(laboratory: Laboratory, *, calls: int, times: int) -> Report:
    """Pods come and go while operators reserve, reassign, exclude, and change gateways, windows and reuse delays."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(laboratory.place())
        postgres = stack.enter_context(laboratory.database())
        url = service.url_of(postgres.host)
        server = stack.enter_context(service.serving(folder, url, workers=2))
        people = [Operator(server.url) for _ in range(3)]

        def rest() -> str:
            for one in people:
                one.undo()
            service.stop(server)
            return postgres.conninfo()

        report = run(
            folder,
            service.clients_of(server.url),
            seed=laboratory.seed,
            load=Load(calls=calls, pools=SHARED, fill=0.7),
            nemeses=[
                Nemesis(
                    name=f"acts of operator {number}", strike=one.act, times=times, calls_between=4
                )
                for number, one in enumerate(people, 1)
            ],
            rest=rest,
        )
        for one in people:
            for kind, detail in one.found:
                report.verdict.add(kind, detail)
        return report
