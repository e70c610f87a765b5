"""What the name of a pod tells."""

from __future__ import annotations

import re
from typing import Final

_GENERATED: Final = re.compile(r"(?P<stem>.*?)(-[bcdf0-9]{1,10})?-[bcdfghjklmnpqrstvwxz2456789]{5}")


def generated_stem(pod: str) -> str | None:
    """The name of the Deployment, DaemonSet or Job of a pod whose own name is generated; None: it is not.

    Kubernetes ends generated names with five letters and digits without vowels, and the name of a
    ReplicaSet before them with its hash (k8s.io/apimachinery/pkg/util/rand). Such a name never comes again.
    """
    match = _GENERATED.fullmatch(pod)
    return match["stem"] if match else None
