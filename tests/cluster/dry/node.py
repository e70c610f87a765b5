"""The kubelets of the dry cluster: each pod has a thread from its start to its end."""

from __future__ import annotations

import contextlib
import secrets
import subprocess
import threading
import time
from typing import TYPE_CHECKING

from cluster.dry.networks import (
    Attached,
    RefusedSandboxError,
    annotation,
    call,
    proc_net,
    wanted,
)
from cluster.dry.parts import Part
from cluster.dry.store import Refused

if TYPE_CHECKING:
    from cluster.dry.parts import World
    from cluster.programs import Object

RETRY_SECONDS = 2.0
LOOK_SECONDS = 0.3


class Agent:
    """One pod, from its scheduling until it is gone."""

    def __init__(self, world: World, pod: Object) -> None:
        self.world = world
        self.pod = pod
        metadata = pod["metadata"]
        self.namespace, self.name, self.uid = (
            str(metadata[key]) for key in ("namespace", "name", "uid")
        )
        self.host = world.folder / pod["spec"]["nodeName"] / "host"
        self.sandbox = secrets.token_hex(32)
        self.attached: list[Attached] = []
        self.part: Part | None = None
        self.output = ""
        self.error: Exception | None = None
        self.thread = threading.Thread(target=self._run, daemon=True, name=f"pod {self.name}")

    @property
    def is_ours(self) -> bool:
        """Whether it is a pod of the release."""
        return "app.kubernetes.io/component" in self.pod["metadata"].get("labels", {})

    def execute(self, line: list[str], given: bytes) -> tuple[int, bytes, bytes]:
        """`kubectl exec`."""
        if self.part is not None:
            return self.part.execute(line, given)
        if line[0] == "cat" and line[1].startswith("/proc/net/"):
            text = proc_net(self.attached).get(line[1].rpartition("/")[2], "")
            return 0, text.encode(), b""
        return 126, b"", b"the dry cluster has no container to run this in\n"

    def log(self) -> str:
        """`kubectl logs`."""
        return self.part.log() if self.part else self.output

    def _run(self) -> None:
        try:
            if self.is_ours:
                self._run_part()
            elif self.pod["spec"].get("hostNetwork"):
                self._run_on_host()
            else:
                self._run_sandbox()
        except Exception as error:  # the cluster tells it when it is closed
            self.error = error
            raise
        finally:
            self._remove()

    def _run_part(self) -> None:
        self.part = part = Part(self.world, self.pod)
        is_endless = self.pod["spec"].get("restartPolicy", "Always") == "Always"
        part.start()
        try:
            while not self._is_ending():
                ready = part.is_ready()
                status = part.status
                if status is not None and not is_endless:
                    if status == 0 or self.pod["spec"]["restartPolicy"] == "Never":
                        self._tell("Failed" if status else "Succeeded", ready=False)
                        break
                    time.sleep(RETRY_SECONDS)
                if status is not None:
                    part.start()
                self._tell("Running", ready=ready)
                time.sleep(LOOK_SECONDS)
            while not self._is_ending():
                time.sleep(LOOK_SECONDS)
        finally:
            part.stop(now=self._is_gone())

    def _run_on_host(self) -> None:
        container = self.pod["spec"]["containers"][0]
        line = [word.replace("/host", str(self.host)) for word in container["command"]]
        done = subprocess.run(line, capture_output=True, text=True, timeout=240, check=False)
        self.output = (done.stdout + done.stderr).replace(str(self.host), "/host")
        self._tell("Failed" if done.returncode else "Succeeded", ready=False)
        while not self._is_ending():
            time.sleep(LOOK_SECONDS)

    def _run_sandbox(self) -> None:
        while not self._is_ending():
            try:
                self._attach()
            except (RefusedSandboxError, Refused) as refused:
                self._complain(str(refused))
                self._detach()
                time.sleep(RETRY_SECONDS)
            else:
                self._tell("Running", ready=True, annotations=annotation(self.attached))
                break
        while not self._is_ending():
            time.sleep(LOOK_SECONDS)
        while not self._detach():
            time.sleep(RETRY_SECONDS)

    def _attach(self) -> None:
        for one in wanted(self.world.store, self.pod):
            self.attached.append(one)
            one.ips.extend(call("ADD", self.host, self.pod, self.sandbox, one))

    def _detach(self) -> bool:
        """Whether every DEL succeeded."""
        while self.attached:
            try:
                call("DEL", self.host, self.pod, self.sandbox, self.attached[-1])
            except RefusedSandboxError as refused:
                self._complain(str(refused))
                return False
            self.attached.pop()
        return True

    def _is_ending(self) -> bool:
        found = self.world.store.objects.get(("pods", self.namespace, self.name))
        return (
            self.world.store.is_closed
            or found is None
            or found["metadata"]["uid"] != self.uid
            or "deletionTimestamp" in found["metadata"]
        )

    def _is_gone(self) -> bool:
        """Deleted by force: its containers get no time."""
        found = self.world.store.objects.get(("pods", self.namespace, self.name))
        return found is None or found["metadata"]["uid"] != self.uid

    def _tell(self, phase: str, *, ready: bool, annotations: dict[str, str] | None = None) -> None:
        names = [one["name"] for one in self.pod["spec"]["containers"]]

        def change(obj: Object) -> None:
            if obj["metadata"]["uid"] != self.uid:
                raise Refused(404, "NotFound", "another pod has this name")
            conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
            obj["status"] = {
                "phase": phase,
                "podIP": "10.244.0.9",
                "conditions": conditions,
                "containerStatuses": [
                    {"name": name, "ready": ready, "restartCount": 0, "image": "", "imageID": ""}
                    for name in names
                ],
            }
            if annotations:
                known = obj["metadata"].get("annotations") or {}
                obj["metadata"]["annotations"] = known | annotations

        with contextlib.suppress(Refused):
            self.world.store.change("pods", self.namespace, self.name, change)

    def _complain(self, message: str) -> None:
        subject = {
            "kind": "Pod",
            "apiVersion": "v1",
            "namespace": self.namespace,
            "name": self.name,
            "uid": self.uid,
        }
        event = {
            "metadata": {"name": f"{self.name}.{secrets.token_hex(8)}"},
            "involvedObject": subject,
            "reason": "FailedCreatePodSandBox",
            "message": f"Failed to create pod sandbox: {message}",
            "type": "Warning",
        }
        with contextlib.suppress(Refused):
            self.world.store.put("events", self.namespace, event)

    def _remove(self) -> None:
        """Nothing of it is left: its object goes."""
        with contextlib.suppress(Refused), self.world.store.changed:
            found = self.world.store.get("pods", self.namespace, self.name)
            if found["metadata"]["uid"] == self.uid:
                self.world.store.remove("pods", self.namespace, self.name)
