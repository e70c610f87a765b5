"""Variables of `make cluster-test`, waits, and how an archive reaches the nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cluster.attachment import interface_config
from cluster.loading import CannotLoadError, commands
from cluster.settings import Settings, Unusable, image_values, settings
from cluster.waiting import InVainError, until

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def given(tmp_path: Path) -> dict[str, str]:
    for name in ("kubeconfig", "image.tar"):
        (tmp_path / name).touch()
    return {"KUBECONFIG": str(tmp_path / "kubeconfig"), "ARCHIVE": str(tmp_path / "image.tar")}


def read(environ: dict[str, str]) -> Settings:
    found = settings(environ, default_image="rowhouse:0.1.0")
    assert found is not None
    return found


def test_without_a_kubeconfig_there_is_nothing_to_do() -> None:
    assert settings({"IMAGE": "rowhouse"}, default_image="rowhouse") is None
    assert settings({"KUBECONFIG": " "}, default_image="rowhouse") is None


def test_test_pods_run_the_image_under_test_unless_another_one_is_named(
    given: dict[str, str],
) -> None:
    assert read(given).test_image == "rowhouse:0.1.0"
    assert read(given | {"IMAGE": "r.example/r:1"}).test_image == "r.example/r:1"
    named = read(given | {"IMAGE": "r.example/r:1", "TEST_IMAGE": "busybox"})
    assert (named.image, named.test_image) == ("r.example/r:1", "busybox")


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("KUBECONFIG", "/no/such/file", "KUBECONFIG=/no/such/file: there is no such file"),
        ("VALUES", "/no/such/file", "VALUES=/no/such/file: there is no such file"),
        ("PODS", "0", "PODS=0: a whole number from 1 on is expected"),
        ("DRAIN", "maybe", "DRAIN=maybe: one of yes, no is expected"),
        ("ATTACH", "sriov", "ATTACH=sriov: one of bridge, macvlan, ipvlan is expected"),
    ],
)
def test_a_variable_that_cannot_be_used_is_named(
    given: dict[str, str], name: str, value: str, says: str
) -> None:
    with pytest.raises(Unusable) as refused:
        read(given | {name: value})
    assert str(refused.value) == says


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("rowhouse", ("", "rowhouse", "", "")),
        ("rowhouse:0.1.0", ("", "rowhouse", "0.1.0", "")),
        ("team/rowhouse:1", ("", "team/rowhouse", "1", "")),
        ("registry.example/team/rowhouse:1", ("registry.example", "team/rowhouse", "1", "")),
        ("localhost:5000/rowhouse", ("localhost:5000", "rowhouse", "", "")),
        ("localhost/rowhouse:2", ("localhost", "rowhouse", "2", "")),
        ("r.example/rowhouse@sha256:ab", ("r.example", "rowhouse", "", "sha256:ab")),
        ("r.example/rowhouse:1@sha256:ab", ("r.example", "rowhouse", "1", "sha256:ab")),
    ],
)
def test_an_image_is_split_as_docker_reads_it(name: str, parts: tuple[str, str, str, str]) -> None:
    found = image_values(name)
    assert tuple(found[key] for key in ("registry", "repository", "tag", "digest")) == parts


def test_an_archive_is_loaded_by_what_made_the_cluster(given: dict[str, str]) -> None:
    archive = given["ARCHIVE"]
    kind = commands(read(given), ["n1", "n2"], "kind-test")
    assert kind == [["kind", "load", "image-archive", archive, "--name", "test"]]
    assert commands(read(given), ["n1"], "minikube") == [["minikube", "image", "load", archive]]
    each = read(given | {"LOAD": "copy {archive} {node}:/tmp"})
    assert commands(each, ["n1", "n2"], "prod") == [
        ["copy", archive, "n1:/tmp"],
        ["copy", archive, "n2:/tmp"],
    ]
    with pytest.raises(CannotLoadError, match="'prod' is no kind, k3d or minikube cluster"):
        commands(read(given), ["n1"], "prod")


def test_a_bridge_has_a_name_that_linux_takes() -> None:
    config = interface_config("bridge", run="abc123", master="eth1")
    assert config == {"type": "bridge", "bridge": "rhtabc123"}
    assert len(config["bridge"]) <= 15
    macvlan = interface_config("macvlan", run="abc123", master="eth1")
    assert macvlan == {"type": "macvlan", "mode": "bridge", "master": "eth1"}
    assert "master" not in interface_config("ipvlan", run="abc123", master="")


class Clock:
    """A clock that sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_waiting_ends_with_the_first_answer_that_is_true() -> None:
    clock = Clock()
    answers = iter((None, "", "there"))
    found = until(lambda: next(answers), "it", seconds=9, clock=clock, sleep=clock.sleep)
    assert (found, clock.now) == ("there", 2.0)


def test_waiting_in_vain_looks_once_more_at_the_end_and_explains() -> None:
    clock = Clock()
    looks: list[float] = []
    with pytest.raises(InVainError) as failure:
        until(
            lambda: looks.append(clock.now),
            "pods run",
            seconds=3,
            explain=lambda: "  web-0: Pending",
            clock=clock,
            sleep=clock.sleep,
        )
    assert looks == [0, 1, 2, 3]
    assert str(failure.value) == "not within 3 s: pods run\n  web-0: Pending"
