"""The kinds of whereabouts' objects, for lightkube; their contents are plain dicts."""

from __future__ import annotations

from typing import Final

from lightkube.generic_resource import create_namespaced_resource

GROUP: Final = "whereabouts.cni.cncf.io"
VERSION: Final = "v1alpha1"

IPPool = create_namespaced_resource(GROUP, VERSION, "IPPool", "ippools")
OverlappingRangeIPReservation = create_namespaced_resource(
    GROUP, VERSION, "OverlappingRangeIPReservation", "overlappingrangeipreservations"
)
NodeSlicePool = create_namespaced_resource(GROUP, VERSION, "NodeSlicePool", "nodeslicepools")
