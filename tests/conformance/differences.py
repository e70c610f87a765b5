"""Every recorded case that we answer in another way than upstream, and why.

What is not listed here must be answered as recorded, in both modes.
"""

from __future__ import annotations

from dataclasses import dataclass

from conformance.case import DEFAULT, STRICT, Case, Expectation

OWN_FAMILY = (
    "a gateway of the other family is no next hop: CNI plugins ignore it, people are misled"
)
NOT_OURS = "documents how host-local differs; run against the reference binary, not against ours"


@dataclass(frozen=True)
class Difference:
    """What we answer instead; `None` where the case says nothing about us."""

    expect: Expectation | None
    why: str
    modes: tuple[str, ...] = (DEFAULT,)


BOTH = (DEFAULT, STRICT)

DIFFERENCES: dict[str, Difference] = {
    "A38": Difference(
        {"addresses": ["10.0.0.2/24"], "gateway": "10.0.0.1", "reserved": ["10.0.0.2"]},
        "a pod with the gateway's address takes the whole network down (upstream issue 601)",
    ),
    "B38": Difference(
        {"error_code": 7, "says": ["no range given", "ipam"]},
        "the main plugin would only fail later, with a message that does not name the cause",
    ),
    "B40": Difference(
        {
            "addresses": ["192.168.10.1/24", "abcd::1/64"],
            "gateways": ["192.168.10.254", None],
        },
        OWN_FAMILY,
    ),
    "V-0.3.1": Difference(
        {
            "result": {
                "cniVersion": "0.3.1",
                "ips": [
                    {"version": "4", "address": "10.0.0.1/24", "gateway": "10.0.0.254"},
                    {"version": "6", "address": "abcd::1/64"},
                ],
                "routes": [{"dst": "0.0.0.0/0"}],
                "dns": {},
            }
        },
        f"as B40, whose recommendation contradicts this row: {OWN_FAMILY}",
    ),
    "V-0.4.0": Difference(
        {
            "result": {
                "cniVersion": "0.4.0",
                "ips": [
                    {"version": "4", "address": "10.0.0.1/24", "gateway": "10.0.0.254"},
                    {"version": "6", "address": "abcd::1/64"},
                ],
                "routes": [{"dst": "0.0.0.0/0"}],
                "dns": {},
            }
        },
        f"as B40, whose recommendation contradicts this row: {OWN_FAMILY}",
    ),
    "B44": Difference(
        {"addresses": ["10.0.0.1/24"]},
        "the store is PostgreSQL: `kubernetes` is accepted and ignored, a kubeconfig not read",
        BOTH,
    ),
    "C06": Difference(
        {"addresses": ["10.0.0.77/24"], "reserved": ["10.0.0.77"]},
        "multus sends a pod's `ips` so: it asks for that address, and an untracked one is a duplicate",
    ),
    "C07": Difference(
        {"addresses": ["10.0.0.77/24"], "reserved": ["10.0.0.77"]},
        "multus accepts `ips` without prefix; the range knows it",
    ),
    "D15": Difference(
        {"success": True, "stdout": "", "reserved": []},
        "a configuration that broke since must not block a pod's teardown",
    ),
    "D20": Difference(
        {"addresses": ["10.0.0.1/30", "10.0.0.2/30"], "reserved": ["10.0.0.1", "10.0.0.2"]},
        "the same address twice on one interface makes the main plugin fail (upstream issue 722)",
    ),
    "K02": Difference(
        {"error_code": 103, "says": ["no reservation", "0 of 1"]},
        "upstream has no CHECK and always fails; ours verifies, and here nothing is reserved",
        BOTH,
    ),
    "R18": Difference(
        {"error_code": 7, "says": ["net mask is too short", "10.0.0.0/31", "use_all"]},
        "the decision of design.md: as upstream; `use_all` assigns every address (case U01)",
        BOTH,
    ),
}

PLUGIN_ONLY = {
    "P04": "CNI_PATH is the plugin's to ask for: it is no part of the request",
    "P24": "so is the look at the network namespace",
    "R05": "a server that is down cannot be asked over HTTP",
    "R08": "a server that is down cannot be asked over HTTP",
}
"""Recorded cases that the runner over HTTP cannot make, and why."""

OURS_IN_STRICT = {
    "R06": "STATUS never looks in strict mode, as upstream",
    "R10": "runtimeConfig is ignored in strict mode, as upstream",
    "R11": "args is ignored in strict mode, as upstream",
    "R13": "runtimeConfig is ignored in strict mode, as upstream",
    "R14": "runtimeConfig is ignored in strict mode, as upstream",
}
"""Rows of our own behaviour (`new`) that strict mode does not have, and why."""

ALSO_RESERVED: dict[str, list[str]] = {
    "A12": ["2001:db9::"],
    "D07": [],
    "D08": [],
    "D10": [],
    "D18": [],
    "S01": ["10.11.88.98"],
    "R10": ["192.168.1.50"],
    "R11": ["192.168.1.60"],
    "R13": [],
    "R14": ["192.168.1.1"],
    "R15": ["abcd::1", "abcd::2"],
}
"""What must be reserved after a recorded case, where the case says so in words."""

SAYS: dict[str, tuple[str, ...]] = {
    "A11": ("could not parse exclude range", "100::2::1"),
    "A15": ("Could not allocate IP in range", "192.168.0.0/29", "default/pod-new"),
    "A17": ("Could not allocate IP in range", "100::2:0/125"),
    "A20": ("Could not allocate IP in range", "192.168.0.0/28", "192.168.0.1"),
    "A25": ("Could not allocate IP in range", "192.168.21.100/30"),
    "A29": ("net mask is too short", "2000::/128"),
    "A31": ("Could not allocate IP in range", "2000::/126"),
    "A39": ("could not parse exclude range", "10.0.0.1-10.0.0.5"),
    "A41": ("Could not allocate IP in range", "excludeRanges: [10.0.0.0/24]"),
    "B18": ("Could not allocate IP in range", "ip: 192.168.1.5 / - 192.168.1.12"),
    "B33": ("JSON Parsing Error", "ipam.ipRanges[0].range_start", "bogus"),
    "B34": ("JSON Parsing Error", "ipam.ipRanges[0].range_start", "010.0.0.5"),
    "C03": ("unknown args", "FOO=BAR"),
    "C04": ("invalid pair", '"K8S_POD_NAME"'),
    "C05": ("boolean unmarshal error", "IgnoreUnknown=yes"),
    "C07": ("invalid CIDR 10.0.0.77", "CNI_ARGS IP"),
    "C09": ("invalid gateway address", "x"),
    "D18": ("net mask is too short", "10.0.1.0/31"),
    "S02": ("Could not allocate IP in range", "10.11.88.98", "devops/ipvl2"),
    "V-9.9.9": ("incompatible CNI versions", 'config is "9.9.9", plugin supports ["0.1.0" "0.2.0"'),
    "V-bad": ("incompatible CNI versions", "adsf"),
    "P06": ("invalid characters in containerID", "some-%%container"),
    "P14": ("invalid characters found in network name", "bad name!"),
    "R02": ("no reservation for this container and interface",),
    "R03": ("reserved address differs from prevResult", "192.168.1.1"),
    "R05": ("no Rowhouse server answered", "127.0.0.1", "try again"),
    "R06": ("pool exhausted", "10.0.0.0/30"),
    "R08": ("no Rowhouse server answered", "127.0.0.1", "try again"),
    "R13": ("requested address 10.99.0.1", "outside every range"),
    "R14": ("requested address 192.168.1.1", "default/other-192-168-1-1"),
    "R15": ("no free address in", "abcd::/126"),
}
"""What an error must say, where that is more or other than the case's `gist`."""


def expectation(case: Case, mode: str) -> Expectation | None:
    """What a recorded case must give in a mode; None where it is not about us."""
    difference = DIFFERENCES.get(case.id)
    if case.kind == "reference" or (mode == STRICT and case.id in OURS_IN_STRICT):
        return None
    expect = case.expect[mode]
    if difference is not None and mode in difference.modes:
        return difference.expect
    if case.id in ALSO_RESERVED:
        return {**expect, "reserved": ALSO_RESERVED[case.id]}
    return expect
