"""Recognize names: generated ones of pods, and those of ranges for requests."""

from __future__ import annotations

import re
from typing import Final

RANGE_NAME: Final = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
"""The name of a range for requests: a DNS label that no address, run or CIDR can be."""

_GENERATED: Final = re.compile(r"(?P<stem>.*?)(-[bcdf0-9]{1,10})?-[bcdfghjklmnpqrstvwxz2456789]{5}")


def generated_stem(pod: str) -> str | None:
    """Return the name of the Deployment, DaemonSet or Job of a pod with a generated name; None for other names.

    Generated names end with five random letters and digits without vowels, for a ReplicaSet after its hash
    (k8s.io/apimachinery/pkg/util/rand). Such a name is never used again.
    """
    match = _GENERATED.fullmatch(pod)
    return match["stem"] if match else None
