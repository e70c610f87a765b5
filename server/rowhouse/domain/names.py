"""Recognize names: generated ones of pods, those of ranges for requests, and texts and labels of people."""

from __future__ import annotations

import re
from typing import Final

RANGE_NAME: Final = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
"""The name of a range for requests: a DNS label that no address, run or CIDR can be."""

# No control characters: they do not belong in names, and PostgreSQL rejects NUL.
LINE: Final = r"^[^\x00-\x1f\x7f]*$"
"""A text of one line."""

TRIMMED: Final = r"^[^\x00-\x20\x7f]([^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?$"
"""A text of one line that neither begins nor ends with a space."""

TEXT: Final = r"^[^\x00-\x08\x0b-\x1f\x7f]*$"
"""A text with line breaks and tabs."""

LABEL: Final = r"^[^\x00-\x1f\x7f=]+=[^\x00-\x1f\x7f]*$"
"""A label as a filter: KEY=VALUE."""

LABEL_KEY: Final = r"^[^\x00-\x1f\x7f=]*$"

VERSION: Final = r"^[0-9A-Za-z.+_-]*$"
"""The version of a program, as a node reports it."""

_GENERATED: Final = re.compile(r"(?P<stem>.*?)(-[bcdf0-9]{1,10})?-[bcdfghjklmnpqrstvwxz2456789]{5}")


def generated_stem(pod: str) -> str | None:
    """Return the name of the Deployment, DaemonSet or Job of a pod with a generated name; None for other names.

    Generated names end with five random letters and digits without vowels, for a ReplicaSet after its hash
    (k8s.io/apimachinery/pkg/util/rand). Such a name is never used again.
    """
    match = _GENERATED.fullmatch(pod)
    return match["stem"] if match else None
