"""The plugin on the host: whole at every moment, back to what was when it is removed."""

from __future__ import annotations

import os
import random
import resource
import stat
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from node.host import ORIGINAL

if TYPE_CHECKING:
    from node.host import Host


def test_a_first_start_installs_plugin_settings_and_token(host: Host) -> None:
    assert host.do("install", "v1").returncode == 0
    host.check("v1")
    assert host.call() == "v1 v1"
    assert (host.config / "token").read_text() == "token-1"


def test_a_second_start_changes_nothing(host: Host) -> None:
    host.do("install", "v1")
    before = {path: path.lstat().st_ino for path in host.bin.rglob("*")}
    host.do("install", "v1")
    assert {path: path.lstat().st_ino for path in host.bin.rglob("*")} == before


@pytest.mark.parametrize("old_and_new", [("v1", "v2"), ("v2", "v1")])
def test_upgrade_and_downgrade_leave_what_a_call_is_executing(
    host: Host, old_and_new: tuple[str, str]
) -> None:
    old, new = old_and_new
    host.do("install", old)
    in_use = (host.bin / "rowhouse.d").resolve()
    host.do("install", new)
    assert host.call() == f"{new} {new}"
    assert (in_use / "version").read_text() == old


def test_a_folder_copied_by_hand_is_taken_over(host: Host) -> None:
    (host.bin / "rowhouse.d").mkdir()
    (host.bin / "rowhouse.d" / "version").write_text("by hand")
    assert host.do("install", "v1").returncode == 0
    assert host.call() == "v1 v1"
    host.do("install", "v1")
    host.do("uninstall", "v1")
    assert not list(host.bin.iterdir())


def test_a_damaged_version_is_installed_again(host: Host) -> None:
    host.do("install", "v1")
    (host.bin / "rowhouse.d" / "lib" / "module").write_text("bit rot")
    host.do("install", "v1")
    host.check("v1")


def test_whereabouts_is_stood_in_for_and_comes_back(host: Host) -> None:
    host.plant_whereabouts()
    host.do("install", "v1", "--as-whereabouts")
    assert host.call("whereabouts") == "v1 v1"
    host.check("v1")
    host.do("uninstall", "v1")
    assert host.call("whereabouts") == "upstream"
    assert [path.name for path in host.bin.iterdir()] == ["whereabouts"]
    assert not host.config.exists()
    assert not host.state.exists()


@pytest.mark.parametrize("target", ["elsewhere/whereabouts", "/not/mounted/here/whereabouts"])
def test_a_whereabouts_that_is_a_link_comes_back_as_that_link(host: Host, target: str) -> None:
    """Where it leads may be seen by the host alone."""
    (host.bin / "elsewhere").mkdir()
    (host.bin / "elsewhere" / "whereabouts").write_bytes(ORIGINAL)
    link = host.bin / "whereabouts"
    link.symlink_to(target)
    host.do("install", "v1", "--as-whereabouts")
    assert host.call("whereabouts") == "v1 v1"
    assert (host.bin / "elsewhere" / "whereabouts").read_bytes() == ORIGINAL
    host.do("install", "v1", "--as-whereabouts=false")
    assert str(link.readlink()) == target
    host.do("install", "v1", "--as-whereabouts")
    host.do("uninstall", "v1")
    assert str(link.readlink()) == target


def test_switching_the_stand_in_off_restores_whereabouts(host: Host) -> None:
    host.plant_whereabouts()
    host.do("install", "v1", "--as-whereabouts=true")
    host.do("install", "v1", "--as-whereabouts=false")
    assert host.call("whereabouts") == "upstream"
    assert host.call() == "v1 v1"


def test_whereabouts_is_kept_once_after_a_kill_before_it_was_replaced(host: Host) -> None:
    """Both names are one file then, where rename(2) leaves the temporary name as it is."""
    host.plant_whereabouts()
    os.link(host.bin / "whereabouts", host.bin / "whereabouts.before-rowhouse")
    assert host.do("install", "v1", "--as-whereabouts").returncode == 0
    assert host.call("whereabouts") == "v1 v1"
    host.check("v1")
    assert not host.leftovers()


def test_uninstall_leaves_what_is_not_ours(host: Host) -> None:
    (host.bin / "rowhouse").write_text("somebody else's")
    (host.bin / "macvlan").write_text("macvlan")
    assert host.do("uninstall", "v1").returncode == 0
    assert sorted(path.name for path in host.bin.iterdir()) == ["macvlan", "rowhouse"]


@pytest.mark.slow
def test_a_kill_before_any_change_leaves_the_host_whole(host: Host) -> None:
    host.plant_whereabouts()
    steps = [
        ("install", "v1", "--as-whereabouts"),
        ("install", "v2", "--as-whereabouts"),
        ("uninstall", "v2"),
    ]
    kills = 0
    for step in steps:
        change = 1
        while host.killed_at(change, *step):
            host.check("v1", "v2")
            kills += 1
            change += 1  # each run begins with what the last kill left
    assert kills >= 30
    assert not host.leftovers()
    assert host.call("whereabouts") == "upstream"
    assert not (host.bin / "rowhouse").exists()


@pytest.mark.slow
def test_kills_at_random_moments_leave_the_host_whole(host: Host) -> None:
    host.plant_whereabouts()
    chance = random.Random(5)
    for turn in range(50):
        version = chance.choice(["v1", "v2"])
        host.project(f"token-{turn}")
        daemon = host.start("run", version, "--as-whereabouts")
        try:
            time.sleep(chance.uniform(0.02, 0.3))  # the moment of the kill, not a proof
        finally:
            daemon.kill()
            daemon.wait(timeout=240)
        host.check("v1", "v2")
    assert host.do("install", "v1", "--as-whereabouts").returncode == 0
    assert host.call() == "v1 v1"
    assert not host.leftovers()


def test_two_daemons_at_once_do_not_corrupt(host: Host) -> None:
    for _ in range(5):
        both = [host.start("install", version) for version in ("v1", "v2")]
        for one in both:
            one.wait(timeout=240)
            assert one.returncode == 0
        host.check("v1", "v2")
        first, second = host.call().split()
        assert first == second


def test_a_disk_without_room_leaves_what_was_there(host: Host) -> None:
    host.do("install", "v1")
    (host.plugin("v2") / "rowhouse.d" / "lib" / "module").write_text("v2" * 200_000)
    line = [sys.executable, "-m", "rowhouse_node", *host.arguments("install", "v2")]
    done = subprocess.run(
        line,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536)),
    )
    assert done.returncode == 1
    assert "too large" in done.stderr
    assert host.call() == "v1 v1"
    assert not host.leftovers()
    assert host.do("install", "v2").returncode == 0
    assert host.call() == "v2 v2"


@pytest.mark.parametrize("name", ["rowhouse", "whereabouts"])
@pytest.mark.parametrize("kind", ["link", "second name", "pipe"])
def test_what_is_in_the_place_of_a_launcher_is_replaced_and_not_written_through(
    host: Host, name: str, kind: str
) -> None:
    victim = host.root / "victim"
    victim.write_bytes(ORIGINAL)
    if kind == "link":
        (host.bin / name).symlink_to(victim)
    elif kind == "second name":
        (host.bin / name).hardlink_to(victim)
    else:
        os.mkfifo(host.bin / name)
    assert host.do("install", "v1", "--as-whereabouts").returncode == 0
    assert host.call(name) == "v1 v1"
    assert victim.read_bytes() == ORIGINAL
    assert stat.S_ISREG((host.bin / name).lstat().st_mode)


@pytest.mark.parametrize("bits", [0o4755, 0o2755, 0o777])
def test_rights_that_were_added_to_what_is_installed_are_taken_away(host: Host, bits: int) -> None:
    host.do("install", "v1")
    for path in (host.bin / "rowhouse", host.bin / "rowhouse.d" / "version"):
        path.chmod(bits)
    (host.bin / "rowhouse.d" / "lib").chmod(0o777)
    assert host.do("install", "v1").returncode == 0
    host.check("v1")
    assert stat.S_IMODE((host.bin / "rowhouse").stat().st_mode) == 0o755
    for path in (host.bin / "rowhouse.d").resolve().rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o7022 == 0, path


@pytest.mark.parametrize(
    "kind", ["a link", pytest.param("somebody else's", marks=pytest.mark.needs("root"))]
)
def test_a_planted_version_is_not_used(host: Host, kind: str) -> None:
    """It has the right content, but for as long as its owner likes."""
    host.do("install", "v1")
    version = (host.bin / "rowhouse.d").resolve()
    if kind == "a link":
        theirs = host.root / "theirs"
        version.rename(theirs)
        version.symlink_to(theirs)
    else:
        os.chown(version / "lib" / "module", 65534, 65534)
    assert host.do("install", "v1").returncode == 0
    host.check("v1")
    assert not version.is_symlink()
    assert {path.lstat().st_uid for path in version.rglob("*")} == {os.geteuid()}
