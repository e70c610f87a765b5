"""Generated CNI calls: mostly good ones, so that the odd one out reaches deep; and raw bytes.

The grammar is the table of keys in docs/reference/config.md. Few pods, containers and ranges, so
that calls meet.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from fuzz.dice import ODD, Dice

if TYPE_CHECKING:
    from collections.abc import Callable

VERSIONS = ("0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0")
VERBS = (*["ADD"] * 10, *["DEL"] * 3, "CHECK", "STATUS", "GC", "VERSION")

GOOD_ADDRESSES = (
    *(f"10.0.{third}.{last}" for third in (0, 1) for last in (1, 2, 5, 9, 77, 254)),
    *(f"fd00::{last}" for last in ("1", "2", "9", "ffff", "ffff:ffff:ffff:fffe")),
)
ODD_ADDRESSES = (
    *("", "x", "0.0.0.0", "255.255.255.255", "010.000.0.9", "10.0.0.256", "10.0.0", "10.0.0.1 "),
    *(
        "::",
        "::ffff:10.0.0.9",
        "::10.0.0.9",
        "fe80::1%eth0",
        "fd00::g",
        "1" * 300,
        "\u0661\u0660.0.0.1",
    ),
    *("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "10.0.0.1-10.0.0.9", "10.0.0.0/8/8"),
)
GOOD_CIDRS = (
    *("10.0.0.0/24", "10.0.0.0/16", "10.0.0.0/29", "10.0.1.0/30", "10.0.0.0/8", "10.0.0.77/24"),
    *("fd00::/64", "fd00::/120", "fd00::/126", "fd00::/32", "fd00::/8"),
)
ODD_CIDRS = (
    *("10.0.0.0/31", "10.0.0.7/32", "fd00::/127", "fd00::9/128", "0.0.0.0/0", "::/0", "10.0.0.0"),
    *("10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/024", "::ffff:10.0.0.0/120", "/24", "x/24", "/"),
    *("10.0.0.0/255.0.0.0", "fd00::/129", "10.0.0.0/\u0662\u0664", "10.0.0.0/" + "9" * 5000),
)
DASHED = (
    "10.0.0.5-10.0.0.9/24",
    "fd00::5-fd00::9/64",
    "10.0.0.9-10.0.0.5/24",
    "10.9.0.1-10.0.0.2/8",
)
GOOD_TEXTS = ("", "a", "é", "a.example")
ODD_TEXTS = ("\0", "\ud800", "x" * 300, "名\u2028<&>", "a;b=c")
PODS = tuple(f"IgnoreUnknown=1;K8S_POD_NAMESPACE=ns;K8S_POD_NAME=p{n};" for n in range(6))


def address(dice: Dice) -> str:
    """An address without prefix length."""
    return dice.mostly(GOOD_ADDRESSES, ODD_ADDRESSES, one_in=20)


def cidr(dice: Dice) -> str:
    """A range of addresses with a prefix length."""
    return dice.mostly(GOOD_CIDRS, ODD_CIDRS, one_in=20)


def host(dice: Dice) -> str:
    """An address with or without prefix length."""
    return address(dice) + dice.mostly(("", "/24", "/64"), ("/99", "/"), one_in=20)


def dashed(dice: Dice) -> str:
    """A range in its other spelling."""
    return f"{address(dice)}-{cidr(dice)}" if dice.one_in(5) else dice.of(DASHED)


def range_text(dice: Dice) -> str:
    """A range in either spelling."""
    return dashed(dice) if dice.one_in(6) else cidr(dice)


def text(dice: Dice) -> str:
    """A word."""
    return dice.mostly(GOOD_TEXTS, ODD_TEXTS, one_in=20)


def flag(dice: Dice) -> bool:
    """True or false."""
    return dice.of((True, False))


def number(dice: Dice) -> int:
    """A number of any size."""
    return dice.of((0, 1, 1500, -1, 2**31, 2**63 - 1, 2**63))


def _list(make: Callable[[Dice], Any]) -> Callable[[Dice], list[Any]]:
    return partial(Dice.listed, make=make)


def _object(at_most: int = 3, **keys: Callable[[Dice], Any]) -> Callable[[Dice], dict[str, Any]]:
    return partial(Dice.some, keys=keys, at_most=at_most)


def _of(*items: Any) -> Callable[[Dice], Any]:
    return partial(Dice.of, items=items)


RANGE_KEYS: dict[str, Callable[[Dice], Any]] = {
    "range_start": address,
    "range_end": address,
    "exclude": _list(lambda dice: dice.of((cidr, host))(dice)),
}


def listed_range(dice: Dice) -> dict[str, Any]:
    """An entry of `ipRanges`."""
    if dice.one_in(10):
        return {"pool": dice.of(("named", "nowhere", ""))}
    return {"range": range_text(dice), **dice.some(RANGE_KEYS, at_most=1)}


IPAM_KEYS: dict[str, Callable[[Dice], Any]] = {
    **RANGE_KEYS,
    "ipRanges": _list(listed_range),
    "gateway": address,
    "routes": _list(
        lambda dice: {
            "dst": cidr(dice),
            **dice.some({"gw": address, "mtu": number, "scope": number}, at_most=2),
        }
    ),
    "addresses": _list(
        lambda dice: {"address": host(dice), **dice.some({"gateway": address}, at_most=1)}
    ),
    "dns": _object(
        nameservers=_list(address), domain=text, search=_list(text), options=_list(text)
    ),
    "network_name": text,
    "node_slice_size": _of("/26", "26", "/80", "/120", "/200", "/0", "x", "/\u0662\u0666"),
    "sticky": flag,
    "sticky_ttl": _of("1ms", "1h", "7d", 5, 0.001, 0, -1, "soon", "9" * 400 + "h", 1e300),
    "use_all": flag,
    "enable_overlapping_ranges": flag,
    "compat": _of("strict", "strict", "", "loose"),
    "pool": _of("named", "named", "nowhere"),
    "datastore": text,
    "kubernetes": _of(*ODD),
    "leader_lease_duration": number,
    "log_level": text,
}
MORE_KEYS: dict[str, Callable[[Dice], Any]] = {
    "runtimeConfig": _object(ips=_list(host), mac=text),
    "args": _object(cni=_object(ips=_list(host))),
    "prevResult": _object(
        ips=_list(_object(address=host, gateway=address)), interfaces=_of(*ODD), dns=_of(*ODD)
    ),
    "cni.dev/attachments": _of(*ODD),
}


def attachment(dice: Dice) -> dict[str, Any]:
    """An entry of the list that a GC gets."""
    return {"containerID": dice.of(("c1", "c2", "c3")), "ifname": "net1"}


def netconf(dice: Dice, command: str) -> dict[str, Any]:
    """A network configuration."""
    config: dict[str, Any] = {
        "cniVersion": dice.mostly(
            ("1.1.0",) if command in {"STATUS", "GC"} else VERSIONS,
            ("", "9.9.9", "1", "1.1.0.0", "a.b.c", "0.3.1"),
            one_in=20,
        ),
        "name": dice.mostly(("lan", "wan"), ("", "bad name!"), one_in=40),
        "ipam": {
            "type": dice.mostly(("whereabouts", "rowhouse"), ("host-local", ""), one_in=40),
            "range": range_text(dice),
            **dice.some(IPAM_KEYS, at_most=4),
        },
        **dice.some(MORE_KEYS, at_most=1),
    }
    if "pool" in config["ipam"]:
        del config["ipam"]["range"]
    if command == "GC":
        config["cni.dev/valid-attachments"] = dice.listed(attachment, at_most=3)
    if dice.one_in(30):
        config[dice.of(list(config))] = dice.of(ODD)
    return config


def body(dice: Dice, command: str) -> bytes:
    """A configuration's bytes; rarely any bytes, or with a piece cut out, doubled, or replaced."""
    if dice.one_in(25):
        return dice.rest()
    made = json.dumps(netconf(dice, command)).encode()
    if not dice.one_in(12):
        return made
    start = dice.number(len(made))
    end = start + dice.number(20)
    new = (b"", b'"', b"}", b"\xff", b"\\u0000", b"\\ud800", b"null", b"[" * 5000, b"1e999")
    return made[:start] + dice.of((*new, made[start:end] * 2)) + made[end:]


def arguments(dice: Dice) -> str:
    """CNI_ARGS."""
    made = dice.of(PODS)
    if dice.one_in(6):
        made += f"GATEWAY={address(dice)};"
    if dice.one_in(6):
        made += f"IP={','.join([host(dice), *dice.listed(host, at_most=1)])};"
    if dice.one_in(30):
        return dice.of(ODD_TEXTS) + made
    return made.rstrip(";")


@dataclass(frozen=True)
class Fuzzed:
    """A call: WSGI's variables for the headers, and the body."""

    headers: dict[str, str]
    body: bytes

    @property
    def command(self) -> str:
        """The verb."""
        return self.headers["HTTP_CNI_COMMAND"]


ODD_VALUES = ("", "é", "a" * 600, "-x", "a b", "..", "\udcff", "NOPE", "\0")


def call(entropy: bytes) -> Fuzzed:
    """The call that some bytes stand for."""
    dice = Dice(entropy)
    command = dice.of(VERBS)
    values = {
        "CNI_COMMAND": command,
        "CNI_CONTAINERID": dice.of(("c1", "c2", "c3", "c4")),
        "CNI_NETNS": "/ns",
        "CNI_IFNAME": dice.of(("net1", "net1", "net2")),
        "CNI_ARGS": arguments(dice),
        "ROWHOUSE_NODE": dice.of(("n1", "n2")),
        "ROWHOUSE_CLUSTER": dice.mostly(("",), ("prod",), one_in=6),
    }
    if dice.one_in(20):
        values[dice.of(list(values))] = dice.of(ODD_VALUES)
    headers = {"HTTP_" + name: _as_wsgi(value) for name, value in values.items()}
    return Fuzzed(headers, body(dice, command))


def _as_wsgi(value: str) -> str:
    """Text as a WSGI server hands it over: its bytes as Latin-1."""
    return value.encode("utf-8", "surrogateescape" if "\udcff" in value else "replace").decode(
        "latin-1"
    )


CALLS = st.binary(min_size=100, max_size=100).map(call)
