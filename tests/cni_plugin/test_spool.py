"""A DEL never blocks a pod's teardown and is on disk before it counts."""

from __future__ import annotations

import os
import posix
import resource
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cni_plugin.kept import ENTRY, NOT_NOW, keep
from cni_plugin.node import PACKAGES, TOKEN, names_in
from cni_plugin.scripted import (
    Behaviour,
    closed_port,
    refusal,
    serving,
)

if TYPE_CHECKING:
    from cni_plugin.node import Node


def test_del_is_spooled_when_no_server_answers(node: Node) -> None:
    with closed_port() as dead:
        node.configure(dead)
        outcome = node.call("DEL")
    assert (outcome.exit_status, outcome.stdout) == (0, b"")
    assert b"kept in" in outcome.stderr
    assert node.kept == [ENTRY]


@pytest.mark.parametrize("behaviour", NOT_NOW.values(), ids=NOT_NOW)
def test_del_is_spooled_when_the_server_cannot_take_it_now(
    node: Node, behaviour: Behaviour
) -> None:
    with serving(behaviour) as server:
        node.configure(server.url)
        outcome = node.call("DEL")
    assert (outcome.exit_status, outcome.stdout) == (0, b"")
    assert node.kept == [ENTRY]


@pytest.mark.parametrize("settings", [{"token_file": "/nonexistent"}, {"ca_file": "/nonexistent"}])
def test_del_is_spooled_when_the_server_cannot_even_be_asked(
    node: Node, settings: dict[str, str]
) -> None:
    node.configure("https://127.0.0.1:1", **settings)
    assert node.call("DEL").exit_status == 0
    assert node.kept == [ENTRY]


@pytest.mark.parametrize("content", [None, "no key", "timeout = 5", "server = ftp://x", "\xff"])
def test_del_is_spooled_in_the_usual_place_when_the_settings_are_unusable(
    node: Node, content: str | None
) -> None:
    if content is not None:
        node.settings.write_bytes(content.encode("latin-1"))
    outcome = node.call("DEL")
    assert (outcome.exit_status, outcome.stdout) == (0, b"")
    assert names_in(node.default_spool) == [ENTRY]
    assert stat.S_IMODE(node.default_spool.stat().st_mode) == 0o700
    assert stat.S_IMODE(node.default_spool.parent.stat().st_mode) == 0o755


def test_del_is_spooled_where_the_settings_say_even_if_they_say_nothing_else(node: Node) -> None:
    node.settings.write_text(f"spool = {node.spool}\nserver = nonsense\n")
    assert node.call("DEL").exit_status == 0
    assert node.kept == [ENTRY]


def test_a_refusal_of_del_is_passed_on_and_not_kept(node: Node) -> None:
    with serving(refusal(403, 110, "not your node")) as server:
        node.configure(server.url)
        assert node.call("DEL").code == 110
    assert node.kept == []


@pytest.mark.parametrize("command", ["ADD", "CHECK", "GC", "STATUS"])
def test_nothing_but_del_is_kept(node: Node, command: str) -> None:
    with closed_port() as dead:
        node.configure(dead)
        assert node.call(command).exit_status == 1
    assert node.kept == []


def test_a_kept_del_is_for_root_alone_and_holds_no_token(node: Node) -> None:
    keep(node)
    assert stat.S_IMODE(node.spool.stat().st_mode) == 0o700
    assert stat.S_IMODE((node.spool / ENTRY).stat().st_mode) == 0o600
    assert TOKEN.encode() not in (node.spool / ENTRY).read_bytes()


def test_a_repeated_del_is_kept_once(node: Node) -> None:
    keep(node)
    keep(node)
    assert node.kept == [ENTRY]


def test_a_del_is_on_disk_before_it_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(PACKAGES)
    from rowhouse_cni import spool_entry  # noqa: PLC0415
    from rowhouse_cni.spool import Spool  # noqa: PLC0415

    steps: list[str] = []

    class Watched:
        def __getattr__(self, name: str) -> Any:
            function = getattr(posix, name)

            def watch(*arguments: Any, **options: Any) -> object:
                if name in ("fsync", "rename", "mkdir"):
                    target = arguments[0]
                    if name == "fsync":
                        target = Path(f"/proc/self/fd/{target}").readlink()
                        target = target.name if target.is_dir() else "the new file"
                    elif name == "rename":
                        target = arguments[1]
                    steps.append(f"{name} {Path(target).name}")
                return function(*arguments, **options)

            return watch if callable(function) else function

    monkeypatch.setattr(spool_entry, "posix", Watched())
    Spool(str(tmp_path / "spool")).keep("a@b", [b"CNI-Command: DEL"], b"{}")
    assert steps == [
        "mkdir spool",
        f"fsync {tmp_path.name}",
        "fsync the new file",
        "rename a@b",
        "fsync spool",
    ]


@pytest.mark.parametrize(
    "make",
    [
        "symlink",
        "world-writable",
        "file",
        "pipe",
        "read-only file system",
        "in a folder for everybody",
        pytest.param("a group's", marks=pytest.mark.needs("root")),
        pytest.param("somebody else's", marks=pytest.mark.needs("root")),
    ],
)
def test_a_spool_that_is_not_safe_fails_the_del(node: Node, tmp_path: Path, make: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    if make == "symlink":
        node.spool.symlink_to(elsewhere)
    elif make == "world-writable":
        node.spool.mkdir()
        node.spool.chmod(0o1777)
    elif make == "file":
        node.spool.write_text("")
    elif make == "pipe":
        os.mkfifo(node.spool)
    elif make == "in a folder for everybody":
        tmp_path.chmod(0o777)
    elif make == "a group's":
        node.spool.mkdir()
        os.chown(node.spool, 0, 65534)
        node.spool.chmod(0o770)
    elif make == "somebody else's":
        node.spool.mkdir(mode=0o700)
        os.chown(node.spool, 65534, 65534)
    with closed_port() as dead:
        node.configure(dead, spool=node.spool if make != "read-only file system" else "/proc/x/y")
        outcome = node.call("DEL")
    assert outcome.code == 11
    assert "can't be kept in" in outcome.error["msg"]
    assert "Connection refused" in outcome.error["details"]
    assert f"set `spool` in {node.settings}" in outcome.error["details"]
    assert names_in(elsewhere) == []


def test_a_spool_in_a_folder_like_tmp_is_safe(node: Node, tmp_path: Path) -> None:
    """Every user may create files there, but only the owner of a file may remove it."""
    tmp_path.chmod(0o1777)
    with closed_port() as dead:
        node.configure(dead)
        assert node.call("DEL").exit_status == 0
    assert node.kept == [ENTRY]


def test_a_full_disk_fails_the_del_and_leaves_nothing_behind(node: Node) -> None:
    before = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))"
    with closed_port() as dead:
        node.configure(dead)
        outcome = node.call("DEL", before=f"import sys; sys.path += {library_path()}; {before}")
    assert outcome.code == 11
    assert "can't be kept in" in outcome.error["msg"]
    assert node.kept == []


def library_path() -> list[str]:
    return [str(Path(resource.__file__).parent)] if hasattr(resource, "__file__") else []


def test_files_of_writers_that_died_are_ignored_and_swept_after_an_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(PACKAGES)
    from rowhouse_cni import spool_entry  # noqa: PLC0415
    from rowhouse_cni.spool import Spool  # noqa: PLC0415

    tmp_path.chmod(0o700)
    old, new = tmp_path / ".a@b.1.2", tmp_path / ".c@d.3.4"
    old.touch()
    new.touch()
    os.utime(old, (1, 1))
    assert spool_entry.names_in(str(tmp_path)) == []
    Spool(str(tmp_path)).sweep()
    assert list(tmp_path.iterdir()) == [new]
