"""One run of the suite against one cluster: where it works, and the waits that all plays share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from cluster.pods import addresses_of, inside, is_running, told
from cluster.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cluster.facts import Facts
    from cluster.manifests import Maker
    from cluster.programs import Kubectl, Object, Program
    from cluster.settings import Settings

T = TypeVar("T")


@dataclass(kw_only=True)
class Live:
    """`run` is in the name of every namespace and on every object that the suite makes."""

    settings: Settings
    kubectl: Kubectl
    helm: Program
    facts: Facts
    make: Maker
    run: str
    interface: dict[str, object] = field(default_factory=dict)
    """The CNI plugin that makes interfaces here, without its IPAM; known after the probe."""

    @property
    def namespace(self) -> str:
        """Of the release, and of the mirrored objects."""
        return f"rowhouse-test-{self.run}"

    def space(self, name: str, *, pod_security: str = "") -> str:
        """A namespace of the run, made if it is new; its name."""
        full = f"{self.namespace}-{name}" if name else self.namespace
        self.kubectl.apply(self.make.namespace(full, pod_security=pod_security))
        if self.settings.pull_secret:
            content = self.settings.pull_secret.read_text()
            self.kubectl.apply(self.make.pull_secret(full, content))
        return full

    def config(self, name: str, **ipam: object) -> Object:
        """A network configuration: this cluster's kind of interface, with addresses by Rowhouse."""
        capabilities = {"capabilities": {"ips": True}}
        return {
            "cniVersion": "0.3.1",
            "name": name,
            **self.interface,
            **capabilities,
            "ipam": {"type": "rowhouse", **ipam},
        }

    def pods(self, namespace: str, workload: str = "") -> list[Object]:
        """Pods of a namespace, or of one workload in it, by name."""
        selector = f"rowhouse.test/workload={workload}" if workload else ""
        found = self.kubectl.list("pods", namespace, selector)
        return sorted(found, key=lambda one: str(one["metadata"]["name"]))

    def running(
        self, namespace: str, names: Iterable[str], *, seconds: float | None = None
    ) -> dict[str, Object]:
        """Wait until pods of these names run; name → pod."""
        wanted = set(names)

        def look() -> dict[str, Object] | None:
            found = {one["metadata"]["name"]: one for one in self.pods(namespace)}
            ready = {name: one for name, one in found.items() if is_running(one)}
            return {name: ready[name] for name in wanted} if wanted <= ready.keys() else None

        return self.wait(look, f"pods {sorted(wanted)} run", namespace, seconds=seconds)

    def replicas(self, namespace: str, workload: str, number: int) -> list[Object]:
        """Wait until a workload has so many pods, all of which run; the pods."""

        def look() -> list[Object] | None:
            found = self.pods(namespace, workload)
            is_done = len(found) == number and all(map(is_running, found))
            return (found or [{}]) if is_done else None

        found = self.wait(look, f"{number} pods of {workload} run", namespace)
        return [one for one in found if one]

    def gone(self, namespace: str, names: Iterable[str]) -> None:
        """Wait until no pods of these names are left."""
        doomed = set(names)

        def look() -> bool | None:
            return not doomed & {one["metadata"]["name"] for one in self.pods(namespace)} or None

        self.wait(look, f"pods {sorted(doomed)} are gone", namespace)

    def gone_servers(self) -> None:
        """Wait until no pod of the server is left, also none that is about to end."""
        selector = "app.kubernetes.io/component=server"

        def look() -> bool | None:
            return not self.kubectl.list("pods", self.namespace, selector) or None

        self.wait(look, "no server is left", self.namespace)

    def wait(
        self,
        look: Callable[[], T | None],
        what: str,
        namespace: str,
        *,
        seconds: float | None = None,
    ) -> T:
        """The first answer of `look` that is true; a failure tells of the namespace's pods."""
        return until(
            look,
            what,
            seconds=seconds or self.settings.wait_seconds,
            explain=lambda: told(
                self.kubectl.list("pods", namespace), self.kubectl.list("events", namespace)
            ),
        )

    def check_inside(self, pod: Object, interface: str = "net1") -> None:
        """The pod's own network namespace has the addresses that multus tells."""
        metadata = pod["metadata"]
        files = [
            self.kubectl.execute(
                metadata["namespace"], metadata["name"], "sleep", "cat", f"/proc/net/{name}"
            )
            for name in ("fib_trie", "if_inet6")
        ]
        missing = set(addresses_of(pod, interface)) - inside(*files)
        assert not missing, f"{metadata['name']} has no address {sorted(missing)} on an interface"
