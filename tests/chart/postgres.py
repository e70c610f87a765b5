"""Bundled PostgreSQL as the official image brings it up, by the wheel's programs.

The image's entrypoint on an empty volume: initdb with POSTGRES_INITDB_ARGS, a server on the socket alone, the
scripts of /docker-entrypoint-initdb.d, then the server with the container's arguments.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from chart.expansion import command_line
from chart.kubelet import UNPRIVILEGED, unprivileged
from rowhouse.embedded import binaries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chart.kubelet import Kubelet
    from chart.manifests import Pod


@contextlib.contextmanager
def bundled(
    kubelet: Kubelet, port: int, *, enter: tuple[str, ...] = (), programs: Path | None = None
) -> Iterator[Path]:
    """Run the release's PostgreSQL on a port of loopback; the folder of its socket.

    `enter` is what goes before each program: into a network namespace, say. `programs`: others than the wheel's.
    """
    pod = kubelet.release.pod("postgresql")
    given = kubelet.variables(pod)
    programs = programs or binaries()
    folder = Path(tempfile.mkdtemp(prefix="rowhouse-chart-", dir="/tmp"))
    try:
        folder.chmod(0o755)
        socket, data = folder / "socket", folder / "data"
        for made in (socket, data):
            made.mkdir()
            if os.geteuid() == 0:
                os.chown(made, UNPRIVILEGED, -1)
        password = folder / "password"
        password.write_text(given["POSTGRES_PASSWORD"])
        password.chmod(0o644)
        environment = {"PATH": f"{programs}:/usr/bin:/bin", "HOME": "/"}

        def run(*line: str | Path, **more: str) -> None:
            done = subprocess.run(
                [*enter, *unprivileged(), *line],
                capture_output=True,
                text=True,
                timeout=100,
                check=False,
                env=environment | more,
                cwd="/",
            )
            assert done.returncode == 0, done.stdout + done.stderr

        def start(*settings: str) -> None:
            options = " ".join([f"-c {one}" for one in (*settings, "fsync=off")])
            options += f" -c unix_socket_directories={socket}"
            run("pg_ctl", "-D", data, "-w", "-l", folder / "socket/log", "-o", options, "start")

        arguments = given["POSTGRES_INITDB_ARGS"].split()
        run("initdb", "-D", data, "-U", "postgres", f"--pwfile={password}", "--no-sync", *arguments)
        with (data / "pg_hba.conf").open("a") as rules:
            rules.write("host all all all scram-sha-256\n")
        start("listen_addresses=''")
        try:
            script_map = pod.volumes["init"]["configMap"]["name"]
            scripts = kubelet.release.one("ConfigMap", script_map)["data"]
            for name, text in sorted(scripts.items()):
                (folder / name).write_text(text)
                passwords = {key: value for key, value in given.items() if "PASSWORD" in key}
                superuser = {"PGHOST": str(socket), "PGPASSWORD": given["POSTGRES_PASSWORD"]}
                run("sh", folder / name, **passwords, **superuser)
            run("pg_ctl", "-D", data, "-m", "fast", "-w", "stop")
            words = _with_secrets(kubelet, pod, folder / "secrets")
            start(*words[1::2], f"port={port}", "listen_addresses=127.0.0.1")
            run(*kubelet.probe_line(pod, "readinessProbe"), PGPORT=str(port))
            yield socket
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder)


def _with_secrets(kubelet: Kubelet, pod: Pod, folder: Path) -> list[str]:
    """The container's arguments, its Secrets being in a folder that its user can get into.

    As a kubelet leaves them: root's, with the pod's group, in the mode that the volume has.
    """
    words = command_line(pod.main, kubelet.variables(pod))
    names = {one["mountPath"]: one["name"] for one in pod.main["volumeMounts"]}
    for mount, (source, _) in kubelet.mounts(pod).items():
        if secret := pod.volumes[names[mount]].get("secret"):
            place = folder / names[mount]
            shutil.copytree(source, place)
            for file in place.iterdir():
                file.chmod(secret["defaultMode"])
                if os.geteuid() == 0:
                    os.chown(file, 0, UNPRIVILEGED)
            words = [word.replace(mount, str(place)) for word in words]
    return words
