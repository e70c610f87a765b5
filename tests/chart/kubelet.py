"""Runs the containers of a rendered release as processes of this machine.

Command, arguments, environment and volumes are those of the manifests. What a cluster would give them has
another place here: each mount is a folder of the test's, and addresses are those in `places`.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import sys
import tempfile
import weakref
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from chart.expansion import command_line, probe_command, resolve

if TYPE_CHECKING:
    from collections.abc import Callable

    from chart.manifests import Object, Pod, Release

UNPRIVILEGED = 65534
"""User and group that stand for those of a pod that is not root's."""


@dataclass
class Kubelet:
    """One node, `folder` its disk.

    Args:
        release: what was rendered.
        folder: for volumes, logs and what belongs to the host.
        node: its name.
        token: makes the token of a pod's service account for an audience; "" is that of the API server.
        places: text of the manifests → what it is here.
        services: variables of Services, for pods that want them.
        hosts: variables that stand for the cluster's DNS.
        brought: (kind, name) of objects that others create → their data.
        path: folders with programs, before those of the system.
    """

    release: Release
    folder: Path
    node: str
    token: Callable[[Pod, str], str]
    places: dict[str, str] = field(default_factory=dict)
    services: dict[str, str] = field(default_factory=dict)
    hosts: dict[str, str] = field(default_factory=dict)
    brought: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    path: tuple[Path, ...] = ()
    _run: Path | None = None

    def line(self, pod: Pod) -> list[str]:
        """The command line of a pod's main container."""
        words = command_line(pod.main, self.variables(pod))
        return [self._here(pod, word) for word in words]

    def probe_line(self, pod: Pod, kind: str) -> list[str]:
        """The command line of a probe of a pod's main container."""
        words = probe_command(pod.main, pod.main[kind]["exec"]["command"])
        return [self._here(pod, word) for word in words]

    def variables(self, pod: Pod) -> dict[str, str]:
        """The variables that the manifest gives a pod's main container, with values of the cluster."""
        links = pod.spec.get("enableServiceLinks", True)
        services = {
            name: value
            for name, value in self.services.items()
            if links or name.startswith("KUBERNETES_")
        }
        return resolve(pod.main, services, self._value_from)

    def environment(self, pod: Pod) -> dict[str, str]:
        """All that the process gets: nothing of ours but where programs are."""
        path = [*map(str, self.path), str(Path(sys.executable).parent), "/usr/bin", "/bin"]
        given = {name: self._here(pod, value) for name, value in self.variables(pod).items()}
        scratch = self._folders(pod).get("/tmp", str(self.folder))
        return {"HOME": "/", "PATH": ":".join(path), "TMPDIR": scratch} | self.hosts | given

    def start(self, pod: Pod, **more: str) -> subprocess.Popen[bytes]:
        """Start the main container; what it says goes to `log_of`."""
        self._mount(pod)
        with self.log_of(pod).open("ab") as log:
            return subprocess.Popen(
                self.line(pod), stdout=log, stderr=log, env=self.environment(pod) | more, cwd="/"
            )

    def run(self, pod: Pod, **more: str) -> subprocess.CompletedProcess[str]:
        """Run the main container to its end."""
        self._mount(pod)
        return subprocess.run(
            self.line(pod),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
            env=self.environment(pod) | more,
            cwd="/",
        )

    def mounts(self, pod: Pod) -> dict[str, tuple[Path, bool]]:
        """Path of a mount → the folder that is filled for it, and whether it is read-only."""
        self._mount(pod)
        return {
            mount["mountPath"]: (
                Path(self._folders(pod)[mount["mountPath"]]),
                mount.get("readOnly", False),
            )
            for mount in pod.main.get("volumeMounts", [])
        }

    def log_of(self, pod: Pod) -> Path:
        """Where a pod's log is."""
        return self.folder / f"{pod.owner['metadata']['name']}.log"

    def host(self, path: str) -> Path:
        """Where a folder of the host is; /run has a short path, as the kernel limits that of a socket."""
        if not path.startswith("/run/"):
            return self.folder / "host" / path.lstrip("/")
        if self._run is None:
            self._run = Path(tempfile.mkdtemp(prefix="run"))
            weakref.finalize(self, shutil.rmtree, self._run, ignore_errors=True)
        return self._run / path.lstrip("/")

    def _folders(self, pod: Pod) -> dict[str, str]:
        """Path of a mount → folder that stands for it."""
        return {
            mount["mountPath"]: str(self._folder(pod, pod.volumes[mount["name"]], mount["name"]))
            for mount in pod.main.get("volumeMounts", [])
        }

    def _folder(self, pod: Pod, volume: Object, name: str) -> Path:
        if "hostPath" in volume:
            return self.host(volume["hostPath"]["path"])
        if claim := volume.get("persistentVolumeClaim"):
            return self.folder / "claims" / str(claim.get("claimName", name))
        return self.folder / "volumes" / str(pod.owner["metadata"]["name"]) / name

    def _here(self, pod: Pod, text: str) -> str:
        for there, here in self.places.items():
            text = text.replace(there, here)
        folders = self._folders(pod)
        if not folders:
            return text
        longest = sorted(folders, key=len, reverse=True)
        mounts = re.compile(rf"(?<![\w./-])({'|'.join(map(re.escape, longest))})(?![\w-])")
        return mounts.sub(lambda found: folders[found[1]], text)

    def _value_from(self, source: Object) -> str:
        if reference := source.get("secretKeyRef"):
            return self._data("Secret", reference["name"])[reference["key"]]
        assert source["fieldRef"]["fieldPath"] == "spec.nodeName"
        return self.node

    def _data(self, kind: str, name: str) -> dict[str, str]:
        if (kind, name) in self.brought:
            return self.brought[kind, name]
        found = self.release.one(kind, name)
        data: dict[str, str] = dict(found.get("data", {}))
        if kind == "Secret":
            data = {key: base64.b64decode(value).decode() for key, value in data.items()}
        data.update(found.get("stringData", {}))
        return data

    def _mount(self, pod: Pod) -> None:
        for mount in pod.main.get("volumeMounts", []):
            volume = pod.volumes[mount["name"]]
            folder = self._folder(pod, volume, mount["name"])
            folder.mkdir(parents=True, exist_ok=True)
            sources = volume.get("projected", {}).get("sources", [volume])
            for source in sources:
                for name, content in self._files(pod, source).items():
                    (folder / name).write_text(content)
                    mode = source.get("configMap", {}).get("defaultMode", 0o644)
                    (folder / name).chmod(mode)

    def _files(self, pod: Pod, source: Object) -> dict[str, str]:
        if token := source.get("serviceAccountToken"):
            return {token["path"]: self.token(pod, token.get("audience", ""))}
        if downward := source.get("downwardAPI"):
            return {item["path"]: "kube-system" for item in downward["items"]}
        if "secret" in source:
            secret = source["secret"]
            data = self._data("Secret", secret["secretName"])
        elif "configMap" in source:
            secret = source["configMap"]
            data = self._data("ConfigMap", secret["name"])
        else:
            return {}
        items = secret.get("items") or [{"key": key, "path": key} for key in data]
        return {item["path"]: data[item["key"]] for item in items}


def unprivileged() -> list[str]:
    """What goes before a command that refuses to be root's."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", f"--reuid={UNPRIVILEGED}", f"--regid={UNPRIVILEGED}", "--clear-groups"]
