"""Where a scheduler puts a pod, as far as the other replicas decide it.

Source of the rules: Kubernetes, `pkg/scheduler/framework/plugins`, podtopologyspread/scoring.go and
interpodaffinity/scoring.go, with the default weight 2 of both. Not covered: required terms, namespaces, and what
other plugins score, for which `bias` stands.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chart.manifests import Object, Pod

WEIGHT = 2
BEST = 100


@dataclass
class Node:
    """A node, its labels, and the labels of the pods on it."""

    labels: dict[str, str]
    pods: list[dict[str, str]] = field(default_factory=list)
    bias: int = 0
    """What the other plugins give it: an image that is there, free memory."""

    def count(self, selector: Object) -> int:
        """Its pods that have these labels."""
        wanted = selector["matchLabels"].items()
        return sum(wanted <= one.items() for one in self.pods)


def place(pod: Pod, nodes: list[Node]) -> Node:
    """Put the pod on the best node; the first of several."""
    spread, affinity = _spread(pod, nodes), _affinity(pod, nodes)
    scores = [WEIGHT * (spread[i] + affinity[i]) + node.bias for i, node in enumerate(nodes)]
    chosen = nodes[scores.index(max(scores))]
    chosen.pods.append(pod.labels)
    return chosen


def _spread(pod: Pod, nodes: list[Node]) -> list[int]:
    """A node that lacks any of the keys gets nothing, whatever the other constraints say."""
    constraints = pod.spec.get("topologySpreadConstraints", [])
    keys = [one["topologyKey"] for one in constraints]
    known = [all(key in node.labels for key in keys) for node in nodes]
    raw = []
    for node, is_known in zip(nodes, known, strict=True):
        total = 0.0
        for one in constraints if is_known else []:
            key = one["topologyKey"]
            domain = [
                other
                for other, counts in zip(nodes, known, strict=True)
                if counts and other.labels[key] == node.labels[key]
            ]
            values = {other.labels[key] for other, c in zip(nodes, known, strict=True) if c}
            pods = sum(other.count(one["labelSelector"]) for other in domain)
            total += pods * math.log(len(values) + 2) + one["maxSkew"] - 1
        raw.append(round(total))
    scored = [score for score, is_known in zip(raw, known, strict=True) if is_known]
    if not scored:
        return [0] * len(nodes)
    low, high = min(scored), max(scored)
    return [
        0 if not is_known else BEST if not high else BEST * (high + low - score) // high
        for score, is_known in zip(raw, known, strict=True)
    ]


def _affinity(pod: Pod, nodes: list[Node]) -> list[int]:
    """Preferred anti-affinity: each pod that matches costs its weight in its whole domain."""
    anti = pod.spec.get("affinity", {}).get("podAntiAffinity", {})
    raw = [0] * len(nodes)
    for one in anti.get("preferredDuringSchedulingIgnoredDuringExecution", []):
        term = one["podAffinityTerm"]
        key = term["topologyKey"]
        for i, node in enumerate(nodes):
            for other in nodes:
                if key in node.labels and node.labels[key] == other.labels.get(key):
                    raw[i] -= one["weight"] * other.count(term["labelSelector"])
    low, high = min(raw), max(raw)
    return [BEST * (score - low) // (high - low) if high > low else 0 for score in raw]
