"""The options that name who shall hold an address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rowhouse.cli.client.client import Document

_OPTIONS: Final = (
    click.option("--name", required=True, help="Of the owner: a pod, a device, a person."),
    click.option("--namespace", default="", help="Of the pod. Without: the owner is no pod."),
    click.option("--cluster", default="", help="Of the pod, as its nodes' settings name it."),
    click.option("--interface", default="", help="Of the pod: net1. Without: the owner is no pod."),
)


def owner_options(view: Callable[..., None]) -> Callable[..., None]:
    """Give a command these options."""
    for option in reversed(_OPTIONS):
        view = option(view)
    return view


def owner_of(given: Mapping[str, Any]) -> Document:
    """The owner that the options name: a pod's interface if they name one, else somebody by name.

    Raises:
        click.UsageError: a pod's address is for one interface of it.
    """
    names_pod = bool(given["namespace"])
    if names_pod != bool(given["interface"]):
        raise click.UsageError("a pod's interface is named by --namespace and --interface together")
    return {**given, "kind": "pod" if names_pod else "static"}
