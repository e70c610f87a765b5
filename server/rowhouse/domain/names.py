"""Recognize generated pod names."""

from __future__ import annotations

import re
from typing import Final

_GENERATED: Final = re.compile(r"(?P<stem>.*?)(-[bcdf0-9]{1,10})?-[bcdfghjklmnpqrstvwxz2456789]{5}")


def generated_stem(pod: str) -> str | None:
    """Return the name of the Deployment, DaemonSet or Job of a pod with a generated name; None for other names.

    Generated names end with five random letters and digits without vowels, for a ReplicaSet after its hash
    (k8s.io/apimachinery/pkg/util/rand). Such a name is never used again.
    """
    match = _GENERATED.fullmatch(pod)
    return match["stem"] if match else None
