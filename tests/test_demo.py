"""`rowhouse demo`: it shows what is, it fails when that is not what it should be, it leaves nothing."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fixtures.capabilities import reference_plugins
from rowhouse.demo import DemoError, installation
from rowhouse.demo.screen import Screen
from rowhouse.demo.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Demo = subprocess.Popen[str]

# What would lead programs to another server or database.
ELSEWHERE = {
    "ROWHOUSE_DATABASE_URL": "postgresql://db.example/production",
    "ROWHOUSE_CONFIG": "/etc/cni/net.d/rowhouse.d/rowhouse.conf",
    "PGHOST": "db.example",
    "PGOPTIONS": "-c search_path=elsewhere",
    "NODENAME": "node9",
}


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder for temporary files that every user may enter: pytest's own is closed to others."""
    with tempfile.TemporaryDirectory(prefix="rowhouse-test-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def bare_path(tmp_path: Path) -> str:
    """A PATH with no iproute2 in it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for program in ("sh", "rm", "cat", "sed", "readlink"):
        found = shutil.which(program)
        assert found is not None
        (folder / program).symlink_to(found)
    return str(folder)


@contextlib.contextmanager
def demo(place: Path, *arguments: str | Path, **variables: str) -> Iterator[Demo]:
    command = [sys.executable, "-m", "rowhouse", "demo", *arguments]
    environment = os.environ | {"TMPDIR": str(place)} | variables
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        start_new_session=True,
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def whole(place: Path, *arguments: str | Path, **variables: str) -> tuple[int, str]:
    with demo(place, *arguments, **variables) as running:
        output, _ = running.communicate(timeout=100)
    return running.returncode, output


def left_in(place: Path) -> list[str]:
    """The files in `place`, and the processes that have to do with it."""
    left = [str(path) for path in place.iterdir()]
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if process.name == str(os.getpid()):
                continue
            words = process.joinpath("cmdline").read_bytes().replace(b"\0", b" ").decode()
            if not words:
                continue  # the kernel's, or one that has given back its memory and is all but gone
            about = process.joinpath("environ").read_bytes().decode(errors="replace")
            cwd = str(process.joinpath("cwd").readlink())
            if str(place) in words + about + cwd:
                left.append(f"process {process.name}: {words}")
    return left


def eventually(claim: Callable[[], bool], *, seconds: float = 240.0) -> bool:
    deadline = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def read_until(running: Demo, words: str) -> None:
    assert running.stdout is not None
    assert any(words in line for line in running.stdout)


def test_the_walkthrough(place: Path, plugin: Path, bare_path: str) -> None:
    status, output = whole(place, "--plugin", plugin, **ELSEWHERE, PATH=bare_path)
    assert status == 0, output
    assert '"address": "10.11.88.98/28"' in output
    assert '"code": 100' in output
    assert '"range_end": "10.11.88.110"' in output
    assert '"address": "10.11.88.99/28"' in output
    assert "10.11.88.96-28 | 10.11.88.96/28 |" in output
    assert "rowhouse.who_had('10.11.88.98', '" in output
    assert "10.11.88.98 | devops    | ipvl" in output
    assert "it would need: " in output
    assert "ip (Debian: iproute2)" in output
    assert "\x1b" not in output
    assert left_in(place) == []


@pytest.mark.needs("root", "netns", "reference-plugins")
def test_with_a_real_main_plugin_the_pods_have_real_interfaces(place: Path, plugin: Path) -> None:
    status, output = whole(place, "--plugin", plugin, CNI_PATH=str(reference_plugins()))
    assert status == 0, output
    assert "inet 10.11.88.98/28 brd 10.11.88.111 scope global net1" in output
    assert "inet 10.11.88.99/28 brd 10.11.88.111 scope global net1" in output
    assert '"sandbox": "/proc/' in output
    assert left_in(place) == []  # nor the processes without which its namespaces end


@pytest.mark.slow
def test_without_a_built_plugin_it_runs_on_the_interpreter(place: Path, bare_path: str) -> None:
    status, output = whole(place, "--plugin", "/nowhere/rowhouse", PATH=bare_path)
    assert status == 0, output
    assert (
        "/nowhere/rowhouse does not exist (`make plugin` builds it), so the plugin runs on"
        in output
    )
    assert left_in(place) == []


MOMENTS: dict[str, Callable[[Demo, Path], None]] = {
    "the server starts": lambda running, _: read_until(running, "1. A server"),
    "initdb runs": lambda _, place: wait_for(place, "rowhouse-demo-*/db/data.new"),
    "PostgreSQL starts": lambda _, place: wait_for(place, "rowhouse-demo-*/db/data/postmaster.pid"),
    "a pod has its address": lambda running, _: read_until(running, "10.11.88.98/28 via"),
    "all is done": lambda running, _: read_until(running, "DEL, ADD, DEL, DEL"),
}


def wait_for(place: Path, pattern: str) -> None:
    assert eventually(lambda: any(place.glob(pattern)))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "moment"),
    [*((signal.SIGINT, moment) for moment in MOMENTS), (signal.SIGTERM, "a pod has its address")],
)
def test_stopped_at_any_moment_it_leaves_nothing(
    place: Path, plugin: Path, number: signal.Signals, moment: str
) -> None:
    with demo(place, "--plugin", plugin) as running:
        MOMENTS[moment](running, place)
        os.killpg(running.pid, number)  # as a terminal's Ctrl-C, which its children get too
        output, _ = running.communicate(timeout=240)
    assert left_in(place) == []
    assert running.returncode == 128 + number
    assert f"stopped by {number.name}; everything was cleaned up" in output
    assert "Traceback" not in output


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["initdb runs", "a pod has its address"])
def test_even_killed_it_leaves_nothing(place: Path, plugin: Path, moment: str) -> None:
    with demo(place, "--plugin", plugin) as running:
        MOMENTS[moment](running, place)
    assert running.returncode == -signal.SIGKILL
    assert eventually(lambda: left_in(place) == []), left_in(place)


@pytest.mark.slow
def test_a_wrong_address_fails_the_demo(place: Path, tmp_path: Path, bare_path: str) -> None:
    liar = tmp_path / "liar"
    result = '{"ips": [{"address": "10.11.88.97/28", "gateway": "10.11.8.97"}]}'
    liar.write_text(f"#!/bin/sh\necho '{result}'\n")
    liar.chmod(0o755)
    status, output = whole(place, "--plugin", liar, PATH=bare_path)
    assert status == 1
    assert output.splitlines()[-1] == (
        "Error: step 4: address should be ['10.11.88.98/28 via 10.11.8.97']"
        " and is ['10.11.88.97/28 via 10.11.8.97']"
    )
    assert left_in(place) == []


def test_a_server_that_cannot_start_says_why(place: Path) -> None:
    instead = ["/bin/sh", "-c", "echo no disk space >&2; exit 1", "serve"]
    failing = Server(place / "demo", enter=instead)
    with pytest.raises(DemoError, match="the server did not start:\nno disk space"), failing:
        failing.wait_until_ready(lambda: None)
    assert left_in(place) == []


def test_kept_dels_of_a_real_node_are_not_delivered_to_the_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installation, "_KEPT_DELS", tmp_path)
    (tmp_path / "aa3576c8@net1").touch()
    with pytest.raises(DemoError, match="rm -r"):
        installation.install_plugin(tmp_path, Screen(lambda: None), plugin=Path("rowhouse"))


@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colors_are_for_terminals(variables: dict[str, str], *, coloured: bool) -> None:
    script = "from rowhouse.demo.screen import Screen; Screen(lambda: None).headline('shown')"
    ours, theirs = os.openpty()
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    subprocess.run(
        [sys.executable, "-c", script], stdout=theirs, check=True, env=environment | variables
    )
    shown = os.read(ours, 1000)
    os.close(ours)
    os.close(theirs)
    assert b"1. shown" in shown
    assert (b"\x1b[" in shown) == coloured


@pytest.mark.parametrize(
    ("variables", "command"),
    [
        (["demo"], "rowhouse demo"),
        (["demo", "SERVE=1"], "rowhouse demo --serve"),
        (["demo", "SERVE=1", "BIND=127.0.0.1:8081"], "rowhouse demo --serve --bind 127.0.0.1:8081"),
        (["demo", "BIND=127.0.0.1:8081"], "rowhouse demo"),
        (["serve", "BIND=127.0.0.1:0"], "rowhouse serve --embedded build/data --bind 127.0.0.1:0"),
    ],
)
def test_make_passes_on_where_to_listen(variables: list[str], command: str) -> None:
    dry = ["make", "--dry-run", "--directory", str(Path(__file__).parents[1]), *variables]
    done = subprocess.run(dry, capture_output=True, text=True, check=True)
    assert any(line.rstrip().endswith(f"/{command}") for line in done.stdout.splitlines())


@pytest.mark.slow
def test_a_sample_cluster_is_served_until_it_is_stopped(place: Path) -> None:
    with demo(place, "--serve", "--bind", "127.0.0.1:0") as running:
        assert running.stdout is not None
        url = next(line.strip() for line in running.stdout if line.startswith("    http://"))
        pages = {
            path: read_page(url + path) for path in ("/", *(f"/pools/{n}" for n in range(1, 9)))
        }
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=240) == 130
    assert "Warnings" in pages["/"]
    assert "none left" in pages["/"]
    assert "full in " in pages["/"]  # its past foretells it
    states = set(re.findall(r'<a href="/addresses/[^"]*" class="(\w+)"', "".join(pages.values())))
    assert states == {
        "free",
        "pod",
        "sticky",
        "reserved",
        "quarantined",
        "excluded",
        "gateway",
        "outside",
    }
    assert left_in(place) == []


def read_page(url: str) -> str:
    with urllib.request.urlopen(url, timeout=120) as answer:
        return str(answer.read().decode())
