"""How the kubelet expands references to variables in commands, arguments and the environment.

Source of the rules: Kubernetes, `third_party/forked/golang/expansion` and `pkg/kubelet`. `$(NAME)` is a
reference whatever is in the parentheses, up to the first `)`; one without a value stays as it is written; `$$`
is a `$`; any other `$` stays. What a variable holds is not expanded again. A letter beyond ASCII after a `$`,
which the kubelet damages, is refused here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from chart.manifests import Object

_EXPRESSION = re.compile(r"\$(?:(?P<escaped>\$)|\((?P<name>[^)]*)\)|(?P<damaged>[^\x00-\x7f]))")


def expand(text: str, variables: Mapping[str, str]) -> str:
    """The text as the container gets it."""

    def one(found: re.Match[str]) -> str:
        assert not found["damaged"], f"the kubelet damages what follows the $ in {text!r}"
        if found["escaped"]:
            return "$"
        return variables.get(found["name"], found[0])

    return _EXPRESSION.sub(one, text)


def resolve(
    container: Object, services: Mapping[str, str], value_from: Callable[[Object], str]
) -> dict[str, str]:
    """The environment of a container.

    A value may refer to Services and to variables before it. Values from elsewhere are not expanded.

    Args:
        container: of a manifest.
        services: variables of Services, as far as the kubelet knows them when the container starts.
        value_from: gives what a variable takes from elsewhere.
    """
    assert "envFrom" not in container, "envFrom is not covered"
    found: dict[str, str] = {}
    for one in container.get("env", []):
        if value := one.get("value", ""):
            found[one["name"]] = expand(value, {**services, **found})
        else:
            source = one.get("valueFrom")
            found[one["name"]] = value_from(source) if source else ""
    return {**services, **found}


def command_line(container: Object, variables: Mapping[str, str]) -> list[str]:
    """Command and arguments of a container; `variables` is its whole environment."""
    words = [*container.get("command", []), *container.get("args", [])]
    return [expand(word, variables) for word in words]


def probe_command(container: Object, command: Iterable[str]) -> list[str]:
    """The command of a probe.

    The kubelet knows only what the manifest says here: a value from elsewhere is empty, and a reference in a
    value stays. The command of a lifecycle hook is not expanded at all.
    """
    known = {one["name"]: one.get("value", "") for one in container.get("env", [])}
    return [expand(word, known) for word in command]
