"""The MAC address that the runtime requests: its sources, its spellings, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rowhouse.cni.arguments import parse_arguments
from rowhouse.cni.requested_mac import requested_mac
from rowhouse.domain.errors import RowhouseError

if TYPE_CHECKING:
    from cni.conftest import Server

RUNTIME = {"runtimeConfig": {"mac": "02:00:5E:00:53:01"}}
ARGS = {"args": {"cni": {"mac": "02-00-5e-00-53-02"}}}
IN_CNI_ARGS = "IgnoreUnknown=1;MAC=0200.5e00.5303"


def of(server: Server, cni_args: str, **config: Any) -> str | None:
    call = server.call({"name": "n", "ipam": {}, **config})
    return requested_mac(call.config, parse_arguments(cni_args))


def test_the_first_source_that_is_not_empty_counts(server: Server) -> None:
    assert of(server, IN_CNI_ARGS, **RUNTIME, **ARGS) == "02:00:5e:00:53:01"
    assert of(server, IN_CNI_ARGS, runtimeConfig={"mac": ""}, **ARGS) == "02:00:5e:00:53:02"
    assert of(server, IN_CNI_ARGS) == "02:00:5e:00:53:03"
    assert of(server, "", runtimeConfig={"mac": "02005e005304"}) == "02:00:5e:00:53:04"
    assert of(server, "") is None


@pytest.mark.parametrize(
    "text", ["x", "02:00:5e:00:53", "02:00:5e:00:53:01:02:03", "02:00-5e:00:53:01", "2:0:5e:0:53:1"]
)
def test_a_bad_one_is_refused_with_key_and_value(server: Server, text: str) -> None:
    for config, cni_args, code, key in (
        ({"runtimeConfig": {"mac": text}}, "", 7, "runtimeConfig.mac"),
        ({"args": {"cni": {"mac": text}}}, "", 7, "args.cni.mac"),
        ({}, f"IgnoreUnknown=1;MAC={text}", 4, "CNI_ARGS MAC"),
    ):
        with pytest.raises(RowhouseError) as refused:
            of(server, cni_args, **config)
        assert refused.value.cni_code == code
        assert f'"{text}" in {key}' in refused.value.message
    with pytest.raises(RowhouseError, match=r"runtimeConfig\.mac must be a string"):
        of(server, "", runtimeConfig={"mac": 5})
