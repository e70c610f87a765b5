"""Two nodes call for the same pod: the one on which it runs is right, and neither takes what the other has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fixtures.placement import Placed
from fixtures.pods import Pods, subnet
from rowhouse.domain.errors import AttachedElsewhere, NotAllowed

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg
    from psycopg.rows import TupleRow

    Session = psycopg.Connection[TupleRow]

SUBNET = subnet("10.0.0.0/24")
ATTACHED = "SELECT host(address), node, container_id FROM attachments ORDER BY 1, 2"
HELD = "SELECT host(address), node, container_id, owner_uid FROM reservations ORDER BY 1"
UNVERIFIED = [None, Placed({}), Placed({"web-0": "node1"}), Placed({"web-0": "node2"}, down=True)]


@pytest.fixture(autouse=True)
def integrity(dba: Session) -> Iterator[None]:
    """Whatever a test does, the database finds no problem afterwards."""
    yield
    assert dba.execute("SELECT * FROM integrity_problems").fetchall() == []


def claim(
    pods: Pods,
    placement: Placed | None,
    *,
    pod: str = "web-0",
    container: str = "foreign",
    uid: str | None = None,
) -> str:
    """An ADD with the token of node2."""
    [given] = pods.add_all(
        pod, SUBNET, container=container, node="node2", bound=True, placement=placement, uid=uid
    )
    return given.address


@pytest.mark.parametrize("placement", UNVERIFIED)
def test_a_plain_pod_that_runs_elsewhere_keeps_its_address_and_the_caller_gets_another(
    pods: Pods, dba: Session, placement: Placed | None
) -> None:
    pods.add("web-0", SUBNET, uid="1")
    before = dba.execute(HELD).fetchall(), dba.execute(ATTACHED).fetchall()
    assert claim(pods, placement, uid="1") == "10.0.0.2"
    assert claim(pods, placement, uid="1") == "10.0.0.2", "again the same one"
    held, attached = dba.execute(HELD).fetchall(), dba.execute(ATTACHED).fetchall()
    assert (held[:1], attached[:1]) == before
    assert [one.address for one in pods.delete("foreign")] == ["10.0.0.2"]
    assert [one.released for one in pods.delete("web-0")] == [True]


@pytest.mark.parametrize("placement", UNVERIFIED)
@pytest.mark.parametrize("kept", ["sticky", "operator"])
def test_an_address_that_is_kept_is_not_given_to_two_and_the_caller_is_told_to_wait(
    pods: Pods, dba: Session, placement: Placed | None, kept: str
) -> None:
    pods.add("web-0", SUBNET, sticky=kept == "sticky")
    if kept == "operator":
        dba.execute("UPDATE reservations SET policy_source = 'operator', sticky = true")
    before = dba.execute(HELD).fetchall(), dba.execute(ATTACHED).fetchall()
    with pytest.raises(AttachedElsewhere, match='still attached on node "node1"') as refused:
        claim(pods, placement)
    assert refused.value.cni_code == 11
    assert (dba.execute(HELD).fetchall(), dba.execute(ATTACHED).fetchall()) == before
    pods.delete("web-0")
    assert claim(pods, placement) == "10.0.0.1", "the old attachment is gone"


@pytest.mark.parametrize("sticky", [False, True])
def test_a_pod_that_the_cluster_says_runs_there_has_its_address_on_both(
    pods: Pods, dba: Session, *, sticky: bool
) -> None:
    pods.add("web-0", SUBNET, uid="1", sticky=sticky)
    placed = Placed({"web-0": "node2"}, uids=("1",))
    assert claim(pods, placed, uid="1") == "10.0.0.1"
    assert placed.asked == 1
    assert len(dba.execute(ATTACHED).fetchall()) == 2
    assert [one.released for one in pods.delete("web-0")] == [False]
    assert [one.released for one in pods.delete("foreign")] == [not sticky]


@pytest.mark.parametrize("placement", [None, Placed({}), Placed({}, down=True)])
def test_what_a_sandbox_was_given_it_gets_again_without_a_question(
    pods: Pods, placement: Placed | None
) -> None:
    pods.add("web-0", SUBNET, uid="1")
    assert claim(pods, Placed({"web-0": "node2"}, uids=("1",)), uid="1") == "10.0.0.1"
    assert claim(pods, placement, uid="1") == "10.0.0.1"
    assert placement is None or placement.asked == 0


def test_another_pod_of_the_same_name_proves_nothing(pods: Pods) -> None:
    pods.add("web-0", SUBNET, uid="1")
    assert claim(pods, Placed({"web-0": "node2"}, uids=("2",)), uid="1") == "10.0.0.2"


def test_where_no_other_node_is_concerned_the_cluster_is_not_asked(pods: Pods) -> None:
    placed = Placed({})
    assert claim(pods, placed) == "10.0.0.1"
    assert claim(pods, placed) == "10.0.0.1"
    assert claim(pods, placed, container="second") == "10.0.0.1"
    assert placed.asked == 0


def test_a_caller_that_is_bound_to_no_node_moves_a_pod_as_it_says(pods: Pods, dba: Session) -> None:
    pods.add("web-0", SUBNET)
    assert pods.add("web-0", SUBNET, node="node2") == "10.0.0.1"
    assert dba.execute(ATTACHED).fetchall() == [("10.0.0.1", "node2", "web-0")]
    assert dba.execute(HELD).fetchall() == [("10.0.0.1", "node2", "web-0", None)]


def test_a_sandbox_of_another_node_is_not_moved(pods: Pods, dba: Session) -> None:
    pods.add("web-0", SUBNET)
    before = dba.execute(HELD).fetchall(), dba.execute(ATTACHED).fetchall()
    with pytest.raises(NotAllowed, match='belongs to node "node1"'):
        claim(pods, Placed({"web-0": "node2"}), container="web-0")
    assert (dba.execute(HELD).fetchall(), dba.execute(ATTACHED).fetchall()) == before


def test_a_sandbox_whose_node_is_unknown_is_that_of_the_node_where_its_pod_runs(
    pods: Pods, dba: Session
) -> None:
    pods.add("web-0", SUBNET, sticky=True)
    dba.execute("UPDATE attachments SET node = ''")
    with pytest.raises(AttachedElsewhere):
        claim(pods, None, container="web-0")
    assert claim(pods, Placed({"web-0": "node2"}), container="web-0") == "10.0.0.1"
    assert dba.execute(ATTACHED).fetchall() == [("10.0.0.1", "node2", "web-0")]


def strictly(pods: Pods, placement: Placed | None, cidr: str, **more: Any) -> str:
    """An ADD in strict mode, of which the caller's configuration alone tells, with the token of node2."""
    [given] = pods.add_all(
        "web-0", subnet(cidr), node="node2", bound=True, strict=True, placement=placement, **more
    )
    return given.address


@pytest.mark.parametrize("placement", UNVERIFIED)
@pytest.mark.parametrize("interface", ["net1", "net2"])
def test_strict_mode_takes_nothing_of_another_node_from_an_overlapping_range(
    pods: Pods, dba: Session, placement: Placed | None, interface: str
) -> None:
    pods.add("web-0", SUBNET, uid="1")
    before = dba.execute(HELD).fetchall(), dba.execute(ATTACHED).fetchall()
    for _ in range(2):
        given = strictly(
            pods, placement, "10.0.0.0/25", container="x", uid="1", interface=interface
        )
        assert given == "10.0.0.2"
    held, attached = dba.execute(HELD).fetchall(), dba.execute(ATTACHED).fetchall()
    assert (held[:1], attached[:1]) == before


def test_in_strict_mode_a_pod_that_moved_has_its_address_in_an_overlapping_range(
    pods: Pods,
) -> None:
    pods.add("web-0", SUBNET, uid="1")
    placed = Placed({"web-0": "node2"}, uids=("1",))
    assert strictly(pods, placed, "10.0.0.0/25", container="x", uid="1") == "10.0.0.1"


def test_in_strict_mode_what_the_pod_has_of_two_ranges_is_no_collision(pods: Pods) -> None:
    pods.add("web-0", SUBNET, uid="1")
    assert claim(pods, None, container="y", uid="1") == "10.0.0.2"
    assert strictly(pods, None, "10.0.0.0/25", container="z", uid="1") == "10.0.0.3"
    assert strictly(pods, None, "10.0.0.0/24", container="z", uid="1") == "10.0.0.3"


def test_in_strict_mode_what_another_interface_has_of_two_ranges_is_no_collision(
    pods: Pods,
) -> None:
    wide, narrow = subnet("10.0.0.0/24"), subnet("10.0.0.0/25")
    given = pods.add_all("web-0", narrow, wide)
    assert [one.address for one in given] == ["10.0.0.2", "10.0.0.1"]
    [other] = pods.add_all("web-0", narrow, interface="net2", container="x", strict=True)
    assert other.address == "10.0.0.1", "as upstream, which knows no interfaces"


def test_in_strict_mode_no_pod_gets_a_static_reservation_of_its_name(
    pods: Pods, dba: Session
) -> None:
    pods.add("first", SUBNET)
    dba.execute(
        "INSERT INTO reservations (network_id, address, pool_id, owner_kind, owner_cluster, owner_namespace,"
        " owner_name, owner_interface)"
        " SELECT network_id, '10.0.0.2', id, 'static', 'prod-a', 'default', 'web-0', 'net1' FROM pools"
    )
    assert strictly(pods, None, "10.0.0.0/25", container="x") == "10.0.0.3"


def test_a_sticky_address_of_a_foreign_node_is_not_the_pods_next_one(
    pods: Pods, dba: Session
) -> None:
    """A thief says that the network is sticky, and waits for the pod's own sandbox to end."""
    pods.add("web-0", SUBNET, uid="1")
    foreign = pods.add_all("web-0", SUBNET, container="x", node="node2", bound=True, sticky=True)
    assert [one.address for one in foreign] == ["10.0.0.2"]
    pods.delete("web-0")
    [own] = pods.add_all("web-0", SUBNET, container="next", node="node1", bound=True, uid="1")
    assert own.address == "10.0.0.1"
    assert dba.execute(ATTACHED).fetchall() == [
        ("10.0.0.1", "node1", "next"), ("10.0.0.2", "node2", "x"),
    ]  # fmt: skip
