"""What an IPAMClaim asks for, and whether a call may use it. Pure.

The fields are those of k8snetworkplumbingwg/ipamclaims. kubevirt/ipam-extensions names the network (`name` of the
network configuration) and leaves the interface empty, so an empty field means "any".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

GROUP: Final = "k8s.cni.cncf.io"
PLURAL: Final = "ipamclaims"
VERSIONS: Final = ("v1alpha1", "v1beta1", "v1")
"""The versions that we know. All have the same fields, and the one that is served is used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimSpec:
    """A claim: its uid, and its `spec`. `requests`: the addresses that it asks for, as CIDRs or addresses.

    `is_observed`: it comes from a watch, which may be late.
    """

    uid: str = ""
    is_observed: bool = False
    network: str = ""
    interface: str = ""
    requests: tuple[str, ...] = ()

    def refusal(self, network: str, interface: str) -> str:
        """Return why the claim is not for this network and interface; "" if it is."""
        if self.network and self.network != network:
            return f'is for network "{self.network}", not "{network}"'
        if self.interface and self.interface != interface:
            return f'is for interface "{self.interface}", not "{interface}"'
        return ""


def claim_spec(claim: Any) -> ClaimSpec:
    """Parse a claim, as decoded from JSON. Raises ValueError."""
    claim = claim if isinstance(claim, dict) else {}
    metadata = claim.get("metadata")
    uid = metadata.get("uid") if isinstance(metadata, dict) else None
    spec = claim.get("spec")
    if spec is None:
        spec = {}
    if not isinstance(spec, dict):
        raise ValueError("spec is not an object")  # noqa: TRY004 - as invalid JSON
    requests = spec.get("ipRequests") or []
    if not isinstance(requests, list) or not all(isinstance(one, str) for one in requests):
        raise ValueError("ipRequests is not a list of strings")
    for name in ("network", "interface"):
        if not isinstance(spec.get(name) or "", str):
            raise ValueError(f"{name} is not a string")  # noqa: TRY004 - as invalid JSON
    return ClaimSpec(
        uid=str(uid or ""),
        network=spec.get("network") or "",
        interface=spec.get("interface") or "",
        requests=tuple(requests),
    )
