"""The self-contained folder for nodes without Python."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import statistics
import subprocess
import sys
from pathlib import Path

import pytest
import trustme

from cni_plugin.node import ENVIRONMENT, PACKAGES, Node, names_in
from cni_plugin.scripted import RESULT, closed_port, good, serving

MEBIBYTE = 1024 * 1024
RUNS = 25


def called(node: Node, program: Path | str, *before: str, command: str = "ADD") -> str:
    """Standard output of one successful call of ``program``."""
    outcome = node.call(command, program=[*before, str(program)])
    assert outcome.exit_status == 0, outcome
    assert outcome.stderr == b""
    return outcome.stdout.decode()


def test_it_answers_version(node: Node, bundle: Path) -> None:
    answer = json.loads(called(node, bundle / "rowhouse", command="VERSION"))
    assert answer["cniVersion"] == "1.1.0"


@pytest.mark.parametrize("name", ["whereabouts", "anything"])
def test_it_works_under_any_name_as_link_or_copy(
    node: Node, bundle: Path, tmp_path: Path, name: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / name).symlink_to(bundle / "rowhouse")
    (tmp_path / name).symlink_to(Path("elsewhere") / name)
    installed = tmp_path / "installed"
    shutil.copytree(bundle, installed)
    shutil.copy(installed / "rowhouse", installed / name)
    with serving(good) as server:
        node.configure(server.url)
        for program in (elsewhere / name, tmp_path / name, installed / name):
            assert called(node, program) == RESULT.decode()


def test_the_folder_may_be_a_link_that_an_upgrade_changes(
    node: Node, bundle: Path, tmp_path: Path
) -> None:
    shutil.copy(bundle / "rowhouse", tmp_path / "rowhouse")
    (tmp_path / "rowhouse.d").symlink_to(bundle / "rowhouse.d")
    assert called(node, tmp_path / "rowhouse", command="VERSION")


def test_a_launcher_without_its_folder_says_what_to_install(
    node: Node, bundle: Path, tmp_path: Path
) -> None:
    if Path("/opt/cni/bin/rowhouse.d").exists():
        pytest.skip("needs a machine where rowhouse is not installed")
    shutil.copy(bundle / "rowhouse", tmp_path / "rowhouse")
    outcome = node.call(program=[str(tmp_path / "rowhouse")])
    assert outcome.code == 999
    assert "rowhouse.d" in outcome.error["details"]


def test_the_environment_of_the_caller_cannot_lead_it_astray(
    node: Node, bundle: Path, tmp_path: Path
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit(3)")
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit(3)")
    with serving(good) as server:
        node.configure(server.url)
        outcome = node.call(
            program=[str(bundle / "rowhouse")],
            PYTHONPATH=str(tmp_path),
            PYTHONHOME="/nowhere",
            PYTHONSTARTUP="/nowhere",
            LD_PRELOAD="/nowhere.so",
            LD_LIBRARY_PATH="/nowhere",
            LC_ALL="xx_YY",
            LANG="xx_YY",
            OPENSSL_CONF="/nowhere",
        )
    assert (outcome.stdout, outcome.stderr) == (RESULT, b"")


def test_an_unreadable_input_is_code_5_even_if_it_is_a_folder(
    node: Node, bundle: Path, tmp_path: Path
) -> None:
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        outcome = node.call(program=[str(bundle / "rowhouse")], stdin=folder)
    finally:
        os.close(folder)
    assert outcome.code == 5


def test_it_keeps_and_replays_a_del(node: Node, bundle: Path) -> None:
    with closed_port() as dead:
        node.configure(dead)
        outcome = node.call("DEL", program=[str(bundle / "rowhouse")])
    assert (outcome.exit_status, node.kept) == (0, ["ctr-new@net1"])
    with serving(good) as server:
        node.configure(server.url)
        assert called(node, bundle / "rowhouse") == RESULT.decode()
    assert server.asked == [("DEL", "ctr-new"), ("ADD", "ctr-new")]
    assert node.kept == []


@pytest.mark.needs("root")
def test_it_needs_a_kernel_and_nothing_else(node: Node, bundle: Path, tmp_path: Path) -> None:
    """In an empty root: no libc, no shell, no /proc, no /etc, plain and TLS."""
    chroot = shutil.which("chroot") or "/usr/sbin/chroot"
    root = tmp_path / "root"
    shutil.copytree(bundle, root)
    (root / "whereabouts").symlink_to("rowhouse")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(root / "ca.pem")
    context = ssl_context(authority)
    with serving(good) as plain, serving(good, tls=context) as secure:
        for server in (plain, secure):
            settings = f"server = {server.url}\nca_file = /ca.pem\n"
            (root / "rowhouse.conf").write_text(settings)
            outcome = node.call(
                program=[chroot, str(root), "/whereabouts"], ROWHOUSE_CONFIG="/rowhouse.conf"
            )
            assert (outcome.exit_status, outcome.stdout, outcome.stderr) == (0, RESULT, b"")
    with closed_port() as dead:
        (root / "rowhouse.conf").write_text(f"server = {dead}\n")
        outcome = node.call(
            "DEL", program=[chroot, str(root), "/rowhouse"], ROWHOUSE_CONFIG="/rowhouse.conf"
        )
    assert outcome.exit_status == 0
    assert names_in(root / "var/lib/rowhouse/spool") == ["ctr-new@net1"]


def ssl_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def test_it_is_small(bundle: Path) -> None:
    size = sum(path.stat().st_size for path in bundle.rglob("*") if path.is_file())
    assert size < 40 * MEBIBYTE


def test_what_every_call_loads_is_one_file(bundle: Path) -> None:
    (package,) = bundle.rglob("rowhouse_cni")
    # What is left beside it is for a DEL that is kept, a log file, TLS.
    beside = {file.stem for file in package.iterdir()} - {"__init__"}
    assert beside == {"kept_dels", "log", "netconf", "spool", "tls"}


def test_it_holds_no_path_of_the_machine_that_built_it(bundle: Path) -> None:
    for path in bundle.rglob("*.pyc"):
        assert str(PACKAGES.parent).encode() not in path.read_bytes()


# Runs a program from a small process: a child is charged its parent's memory until it execs.
METER = """
import posix, sys
actions = [(posix.POSIX_SPAWN_OPEN, fd, "/dev/null", posix.O_RDWR, 0) for fd in (0, 1)]
child = posix.posix_spawn(sys.argv[1], sys.argv[1:], posix.environ, file_actions=actions)
_, status, used = posix.wait4(child, 0)
print(status, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)
"""


def usage(node: Node, program: list[str]) -> tuple[float, int]:
    """Processor time (seconds) and peak resident memory (bytes) of one ADD."""
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", METER, *program],
        env=ENVIRONMENT | {"ROWHOUSE_CONFIG": str(node.settings)},
        check=True,
        capture_output=True,
        text=True,
    )
    status, seconds, peak = run.stdout.split()
    assert status == "0"
    return float(seconds), int(peak)


def test_an_add_starts_within_one_and_a_half_bare_interpreters(node: Node, bundle: Path) -> None:
    interpreter = os.path.realpath(sys._base_executable)  # type: ignore[attr-defined]
    bare = [interpreter, "-I", "-S", "-c", "pass"]
    with serving(good) as server:
        node.configure(server.url)
        pairs = [
            (usage(node, [str(bundle / "rowhouse")])[0], usage(node, bare)[0]) for _ in range(RUNS)
        ]
    ours, floor = (statistics.median(times) for times in zip(*pairs, strict=True))
    assert ours <= 1.5 * floor


def test_a_call_takes_at_most_16_mebibytes(node: Node, bundle: Path) -> None:
    with serving(good) as server:
        node.configure(server.url)
        _, peak = usage(node, [str(bundle / "rowhouse")])
    assert peak <= 16 * MEBIBYTE
