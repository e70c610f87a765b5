"""A host in a temporary folder, the daemon on it, and what must be true of it at every moment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from rowhouse_cni.settings import Settings, key_values
from rowhouse_cni.spool import Spool
from rowhouse_node.host_plugin import digest_of

NO_SERVER = "http://127.0.0.1:9"
ORIGINAL = b"#!/bin/sh\necho upstream\n"
# Kills itself right before the n-th change of the file system: no hook in the program is needed.
KILLED_AT = """
import os, signal, sys
left = int(sys.argv.pop(1))
CHANGES = {"os.rename", "os.link", "os.symlink", "os.mkdir", "os.rmdir", "os.remove", "os.utime",
           "os.chmod", "shutil.copyfile"}
def hook(event, arguments):
    global left
    writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & 3
    if event in CHANGES or writes:
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
from rowhouse_node.command import main
sys.argv[0] = "rowhouse-node"
sys.addaudithook(hook)
main()
"""


class Host:
    def __init__(self, root: Path, *, server: str = NO_SERVER) -> None:
        self.root = root
        self.server = server
        self.log = root / "log"
        self.bin = root / "bin"
        self.config = root / "config"
        self.state = root / "state"
        self.projected = root / "projected"
        self.projected.mkdir(parents=True)
        self.bin.mkdir()
        self.tokens: set[str] = set()
        self.upstream = False  # whether another whereabouts was there before
        self.project("token-1")

    def project(self, token: str) -> None:
        new = self.projected / "new"
        new.write_text(token)
        new.rename(self.projected / "token")
        self.tokens.add(token)

    def plugin(self, version: str) -> Path:
        """A plugin folder; its launcher says the version of launcher and folder."""
        source = self.root / f"plugin-{version}"
        if not source.exists():
            (source / "rowhouse.d" / "lib").mkdir(parents=True)
            (source / "rowhouse.d" / "version").write_text(version)
            (source / "rowhouse.d" / "lib" / "module").write_text(version * 5000)
            (source / "rowhouse.d" / "link").symlink_to("version")
            launcher = source / "rowhouse"
            launcher.write_text(
                f'#!/bin/sh\necho {version} "$(cat "$(dirname "$0")/rowhouse.d/version")"\n'
            )
            launcher.chmod(0o755)
        return source

    def arguments(self, command: str, version: str, *more: str) -> list[str]:
        return [
            command,
            f"--plugin={self.plugin(version)}",
            f"--bin-dir={self.bin}",
            f"--config-dir={self.config}",
            f"--state-dir={self.state}",
            f"--agent={self.root / 'agent.sock'}",
            f"--server={self.server}",
            f"--token-source={self.projected / 'token'}",
            "--node=node-1",
            "--listen=127.0.0.1:0",
            "--period=0.02",
            *more,
        ]

    def start(self, command: str, version: str, *more: str) -> subprocess.Popen[bytes]:
        line = [sys.executable, "-m", "rowhouse_node", *self.arguments(command, version, *more)]
        with self.log.open("w") as log:
            return subprocess.Popen(line, stderr=log)

    def do(self, command: str, version: str, *more: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "rowhouse_node", *self.arguments(command, version, *more)]
        return subprocess.run(line, capture_output=True, text=True, timeout=240, check=False)

    def killed_at(self, change: int, command: str, version: str, *more: str) -> bool:
        """Whether it was killed before it was done."""
        line = [sys.executable, "-c", KILLED_AT, str(change)]
        done = subprocess.run(
            [*line, *self.arguments(command, version, *more)],
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode in {0, -9}, done.stderr
        return done.returncode == -9

    def call(self, name: str = "rowhouse") -> str:
        done = subprocess.run(
            [self.bin / name], capture_output=True, text=True, timeout=120, check=True
        )
        return done.stdout.strip()

    def keep_del(self, container: str) -> None:
        spool = self.state / "spool"
        netconf = json.dumps({"cniVersion": "1.0.0", "name": "n", "ipam": {"type": "rowhouse"}})
        lines = [
            b"CNI-Command: DEL",
            b"CNI-ContainerID: " + container.encode(),
            b"CNI-IfName: net1",
        ]
        Spool(str(spool)).keep(f"{container}@net1", lines, netconf.encode())

    def check(self, *versions: str) -> None:
        """What holds whenever a runtime may look."""
        launchers = {(self.plugin(version) / "rowhouse").read_bytes() for version in versions}
        digests = {digest_of(self.plugin(version) / "rowhouse.d") for version in versions}
        launcher = self.bin / "rowhouse"
        config = self.config / "rowhouse.conf"
        if launcher.exists():
            assert launcher.read_bytes() in launchers
            assert os.access(launcher, os.X_OK)
            assert digest_of(self.bin / "rowhouse.d") in digests
            assert config.exists()
            assert set(self.call().split()) <= set(versions)
        for folder in self.bin.glob("rowhouse.d-*"):
            assert digest_of(folder) in digests
        if config.exists():
            settings = Settings(str(config), key_values(str(config), config.read_text()), {})
            assert settings.node == "node-1"
            assert Path(settings.token_file).read_text() in self.tokens
        for secret in (config, self.config / "token"):
            assert not secret.exists() or secret.stat().st_mode & 0o777 == 0o600
        whereabouts = self.bin / "whereabouts"
        if self.upstream:
            content = whereabouts.read_bytes()
            assert content in {ORIGINAL, *launchers}
            assert os.access(whereabouts, os.X_OK)
            if content != ORIGINAL:
                assert (self.bin / "whereabouts.before-rowhouse").read_bytes() == ORIGINAL

    def put(self, name: str, content: bytes) -> None:
        """A foreign installer's file, whole at once: the daemon may look at any moment."""
        new = self.bin.parent / f"{name}.new"
        new.write_bytes(content)
        new.chmod(0o755)
        new.replace(self.bin / name)

    def plant_whereabouts(self) -> None:
        self.put("whereabouts", ORIGINAL)
        self.upstream = True

    def leftovers(self) -> list[str]:
        folders = [folder for folder in (self.bin, self.config) if folder.exists()]
        return [p.name for folder in folders for p in folder.iterdir() if p.name.startswith(".")]
