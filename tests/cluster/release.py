"""The release under test: its values in this cluster, its roll-outs, and questions to its database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

import yaml

from cluster.settings import image_values
from cluster.waiting import InVainError

if TYPE_CHECKING:
    from cluster.live import Live
    from cluster.programs import Object

CHART: Final = Path(__file__).parents[2] / "charts/rowhouse"
NAME: Final = "rowhouse"
INSTALL_SECONDS: Final = 900.0
_CRITICAL: Final = ("system-cluster-critical", "system-node-critical")


class Release:
    """`rowhouse` in the run's namespace."""

    def __init__(self, live: Live, folder: Path) -> None:
        self.live = live
        self.folder = folder
        self.files_before: dict[str, list[str]] = {}
        """Node → files of Rowhouse and whereabouts on the host before it was installed."""
        self.refused = [one for one in _CRITICAL if not self._may_be(one)]

    @property
    def may_stand_in(self) -> bool:
        """Whether the plugin may also take the name whereabouts on the nodes."""
        return self.live.settings.may_replace_whereabouts or not self.live.facts.whereabouts

    def values(self) -> Object:
        """What the chart has to be told here, and shorter waits."""
        live = self.live
        facts = live.facts
        database: Object = {"ephemeral": not facts.has_default_storage}
        if live.settings.postgres_image:
            database["image"] = image_values(live.settings.postgres_image)
        found: Object = {
            "cluster": f"test-{live.run}",
            "image": image_values(live.settings.image),
            "postgresql": database,
            "controller": {"grace": "15s", "settle": "5s", "interval": "30s"},
            "node": {"asWhereabouts": self.may_stand_in, "binDir": facts.bin_dir},
            "networkPolicy": {"egress": {"apiServerPorts": sorted({443, 6443, *facts.api_ports})}},
            "mirror": {
                "enabled": True,
                "installCRDs": not facts.has_whereabouts_crds,
                "namespace": live.namespace,
            },
        }
        if facts.is_ipv6_only:
            found["listen"] = "[::]"
        if live.settings.pull_secret:
            found["imagePullSecrets"] = ["rowhouse-test-pull"]
        for name, parts in zip(_CRITICAL, (("server", "postgresql"), ("node",)), strict=True):
            for part in parts if name in self.refused else ():
                found.setdefault(part, {})["priorityClassName"] = ""
        return found

    def upgrade(self, *more: str, before: Path | None = None, wait: bool = True) -> None:
        """Install or upgrade, and wait until all of it is ready and migrated, unless told not to.

        `before` is a file of values that ours have precedence over.
        """
        file = self.folder / "values.yaml"
        file.write_text(yaml.safe_dump(self.values()))
        files = [*([before] if before else []), *self.live.settings.values, file]
        self.live.helm.run(
            "upgrade",
            NAME,
            str(CHART),
            "--install",
            f"--namespace={self.live.namespace}",
            *(f"--values={one}" for one in files),
            *more,
            *(["--wait", "--wait-for-jobs"] if wait else []),
            f"--timeout={INSTALL_SECONDS:g}s",
            seconds=INSTALL_SECONDS + 60,
        )

    def rollout(self, kind: str, part: str, *, seconds: float = 300.0) -> None:
        """Wait until the pods of a part are those of its newest template."""
        where = ["--namespace", self.live.namespace, f"--timeout={seconds:g}s"]
        line = ["rollout", "status", f"{kind}/{NAME}-{part}", *where]
        self.live.kubectl.run(*line, seconds=seconds + 60)

    def stop_servers(self) -> None:
        """Have no server, until the next upgrade; wait until none is left.

        By helm: it would refuse to overwrite what `kubectl scale` set. It does not wait: the node daemons are not ready
        without a server, so it would wait in vain, unless it is faster than their probes.
        """
        self.upgrade("--set=server.replicas=0", wait=False)
        self.live.gone_servers()

    @property
    def database(self) -> str:
        """The part that is PostgreSQL: its name tells whether it has a volume."""
        found = self.live.kubectl.list(
            "statefulsets", self.live.namespace, "app.kubernetes.io/component=postgresql"
        )
        (name,) = [str(one["metadata"]["name"]) for one in found]
        return name.removeprefix(f"{NAME}-")

    def rowhouse(self, *line: str, part: str = "controller") -> str:
        """What the command line prints in a pod of a part; the controller's may write the mirror's objects."""
        target = f"deployment/{NAME}-{part}"
        return self.live.kubectl.execute(self.live.namespace, target, part, "rowhouse", *line)

    def reservations(self, namespace: str = "", *, part: str = "controller") -> list[Object]:
        """What the database holds, of one namespace's pods or of all."""
        where = [f"--namespace={namespace}"] if namespace else []
        printed = self.rowhouse("address", "list", *where, "--output=json", part=part)
        return list(json.loads(printed)["items"])

    def holders(self, namespace: str, *, part: str = "controller") -> dict[str, set[str]]:
        """Pod → its addresses in the database."""
        found: dict[str, set[str]] = {}
        for one in self.reservations(namespace, part=part):
            found.setdefault(one["owner"]["name"], set()).add(one["address"])
        return found

    def wait_for_holders(self, namespace: str, wanted: dict[str, set[str]]) -> None:
        """Wait until exactly these pods of a namespace hold exactly these addresses."""
        last: dict[str, set[str]] = {}

        def look() -> bool | None:
            nonlocal last
            last = self.holders(namespace)
            return last == wanted or None

        try:
            self.live.wait(look, f"the database holds {wanted}", namespace)
        except InVainError as failure:
            raise InVainError(f"{failure}\nit holds {last}") from None

    def mirror_differences(self) -> list[Object]:
        """What `rowhouse mirror diff` finds."""
        return list(json.loads(self.rowhouse("mirror", "diff", "--output=json"))["items"])

    def _may_be(self, priority: str) -> bool:
        """Whether the run's namespace may have pods of a priority class."""
        pod = self.live.make.pod("priority", self.live.namespace)
        pod["spec"]["priorityClassName"] = priority
        line = ["create", "--dry-run=server", "--filename=-"]
        done = self.live.kubectl.run(*line, stdin=json.dumps(pod), check=False)
        return done.returncode == 0
