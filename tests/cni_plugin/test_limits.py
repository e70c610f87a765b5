"""The plugin refuses what the server would refuse, so that no call is kept that no server can take."""

from __future__ import annotations

import pytest

from rowhouse.cni import call
from rowhouse.cni.call import parse_call
from rowhouse.domain import limits
from rowhouse.domain.errors import InvalidEnvironment
from rowhouse_cni import environment
from rowhouse_cni.environment import Call
from rowhouse_cni.errors import BadEnvironmentError

BODY = b'{"cniVersion": "1.1.0", "name": "mynet", "type": "ipvlan"}'


def test_both_have_the_same_limits() -> None:
    assert environment.MAX_VALUE_BYTES == call.MAX_VALUE_BYTES
    assert environment.MAX_ID_BYTES == call.MAX_ID_BYTES
    assert environment.MAX_INTERFACE_NAME == limits.MAX_INTERFACE
    assert environment.MAX_NETCONF_BYTES == call.MAX_BODY
    assert environment.OMITTED_NETCONF == call.OMITTED


@pytest.mark.parametrize("command", ["ADD", "DEL", "CHECK"])
@pytest.mark.parametrize(
    ("variable", "header", "limit"),
    [
        ("CNI_CONTAINERID", "CNI-ContainerID", environment.MAX_ID_BYTES),
        ("CNI_ARGS", "CNI-Args", environment.MAX_VALUE_BYTES),
        ("CNI_NETNS", "CNI-NetNS", environment.MAX_VALUE_BYTES),
    ],
)
@pytest.mark.parametrize("over", [0, 1])
def test_both_take_and_refuse_the_same(
    command: str, variable: str, header: str, limit: int, over: int
) -> None:
    values = {"CNI_CONTAINERID": "c1", "CNI_IFNAME": "net1", "CNI_NETNS": "/x", "CNI_ARGS": "A=b"}
    values[variable] = "x" * (limit + over)
    environ = {name.encode(): value.encode() for name, value in values.items()}
    environ[b"CNI_PATH"] = b"/opt/cni/bin"
    headers = {
        "CNI-Command": command,
        "CNI-ContainerID": values["CNI_CONTAINERID"],
        "CNI-IfName": "net1",
        "CNI-NetNS": values["CNI_NETNS"],
        "CNI-Args": values["CNI_ARGS"],
    }
    refused = over and not (command == "DEL" and variable != "CNI_CONTAINERID")
    if not over:
        Call({b"CNI_COMMAND": command.encode(), **environ})
        parse_call(headers, BODY)
        return
    with pytest.raises(InvalidEnvironment):
        parse_call(headers, BODY)
    if refused:
        with pytest.raises(BadEnvironmentError):
            Call({b"CNI_COMMAND": command.encode(), **environ})
    else:  # a teardown is not kept up: what does not fit is left out
        sent = b"".join(Call({b"CNI_COMMAND": command.encode(), **environ}).headers)
        assert header.encode() not in sent
