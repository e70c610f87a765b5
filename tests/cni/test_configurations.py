"""What is remembered of a configuration is what reading it again would give."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from rowhouse.cni.arguments import Arguments
from rowhouse.cni.call import MAX_KNOWN, MOST_KNOWN, read_config
from rowhouse.cni.configurations import Configurations
from rowhouse.domain.errors import InvalidConfig, Undecodable


def body(name: str = "mynet", **ipam: Any) -> bytes:
    return json.dumps({"name": name, "ipam": {"type": "rowhouse", **ipam}}).encode()


@pytest.fixture
def known() -> Configurations:
    return Configurations("", {})


def test_the_same_bytes_are_read_once(known: Configurations) -> None:
    config = body(range="10.0.0.0/24")
    assert known.netconf(config) is known.netconf(bytes(bytearray(config)))
    assert known.plan(config, Arguments()) is known.plan(config, Arguments(pod_name="other"))
    assert read_config(config) is read_config(bytes(bytearray(config)))


def test_what_a_call_asks_for_is_not_another_calls(known: Configurations) -> None:
    config = body(range="10.0.0.0/24")
    plain = known.plan(config, Arguments())
    asked = known.plan(config, Arguments(addresses=("10.0.0.7",)))
    assert [one.requested for one in asked.requests] == ["10.0.0.7"]
    assert [one.requested for one in known.plan(config, Arguments()).requests] == [None]
    assert known.plan(config, Arguments()) is plain


def test_servers_with_other_settings_read_for_themselves() -> None:
    config = body()
    one, other = (Configurations("", {"range": cidr}) for cidr in ("10.0.0.0/24", "10.1.0.0/24"))
    assert one.plan(config, Arguments()).requests[0].cidr == "10.0.0.0/24"
    assert other.plan(config, Arguments()).requests[0].cidr == "10.1.0.0/24"
    assert Configurations("strict", {}).netconf(body(range="10.0.0.0/24")).strict


def test_errors_come_again(known: Configurations) -> None:
    for _ in range(2):
        with pytest.raises(Undecodable):
            read_config(b"[")
        with pytest.raises(InvalidConfig, match="gateway"):
            known.netconf(body(range="10.0.0.0/24", gateway="nowhere"))


def test_a_large_one_is_read_each_time(known: Configurations) -> None:
    config = body(range="10.0.0.0/24", exclude=[f"10.0.0.{i}/32" for i in range(1, 254)])
    assert len(config) > MAX_KNOWN
    first, second = known.plan(config, Arguments()), known.plan(config, Arguments())
    assert first == second
    assert first is not second


def test_many_do_not_grow_without_bound(known: Configurations) -> None:
    first = known.netconf(body(range="10.0.0.0/24"))
    for i in range(MOST_KNOWN):
        known.netconf(body(name=f"net{i}", range="10.0.0.0/24"))
    again = known.netconf(body(range="10.0.0.0/24"))
    assert again == first
    assert again is not first


def test_threads_share_it(known: Configurations) -> None:
    bodies = [body(range=f"10.{i}.0.0/16") for i in range(8)] * 50
    with ThreadPoolExecutor(8) as pool:
        plans = list(pool.map(lambda config: known.plan(config, Arguments()), bodies))
    assert [plan.requests[0].cidr for plan in plans] == [f"10.{i}.0.0/16" for i in range(8)] * 50
