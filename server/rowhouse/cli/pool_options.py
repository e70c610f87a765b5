"""The options for the fields of a pool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from rowhouse.cli.times import Duration
from rowhouse.domain.echo import shown
from rowhouse.domain.limits import MAX_TTL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rowhouse.cli.client.client import Document

_FIELDS: Final = {
    "name": "name",
    "gateway": "gateway",
    "first": "window_first",
    "last": "window_last",
    "reuse_delay": "reuse_delay",
    "description": "description",
}
_OPTIONS: Final = (
    click.option("--name", help="Name by which network configurations can refer to the pool."),
    click.option(
        "--gateway", metavar="ADDRESS", help="The gateway of the range; it is never assigned."
    ),
    click.option("--first", metavar="ADDRESS", help="The first address that can be assigned."),
    click.option("--last", metavar="ADDRESS", help="The last address that can be assigned."),
    click.option(
        "--reuse-delay",
        type=Duration(most=MAX_TTL),
        help="How long a released address stays in quarantine.",
    ),
    click.option(
        "--label",
        "labels",
        metavar="KEY=VALUE",
        multiple=True,
        help="Set a label; KEY- removes it. May be repeated.",
    ),
    click.option("--description", metavar="TEXT", help="What the pool is for."),
)


def plan_options(view: Callable[..., None]) -> Callable[..., None]:
    """Add these options to a command."""
    for option in reversed(_OPTIONS):
        view = option(view)
    return view


def changes_of(
    given: Mapping[str, Any], labels: Mapping[str, str], unset: Sequence[str] = ()
) -> Document:
    """Return the fields that the options change.

    Args:
        given: the options.
        labels: the current labels.
        unset: options whose fields become null.

    Raises:
        click.BadParameter: a label is invalid.
        click.UsageError: an option is both given and unset.
    """
    changes = {
        field: given[option] for option, field in _FIELDS.items() if given[option] is not None
    }
    for option in unset:
        if given[option] is not None:
            raise click.UsageError(f"pass either --{option} or --unset {option}, not both")
        changes[_FIELDS[option]] = None
    if given["labels"]:
        changes["labels"] = labelled(given["labels"], labels)
    return changes


def label_changes(wanted: Sequence[str]) -> dict[str, str | None]:
    """Return the labels to set (KEY=VALUE), and those to remove (KEY-; None). Raises click.BadParameter."""
    changes: dict[str, str | None] = {}
    for text in wanted:
        key, equals, value = text.partition("=")
        if not equals and text.endswith("-"):
            key = text[:-1]
        elif not equals:
            key = ""
        if key in changes:
            raise click.BadParameter(f"the label {shown(key)} is given twice")
        if key:
            changes[key] = value if equals else None
        else:
            raise click.BadParameter(f"{shown(text)} is neither KEY=VALUE nor KEY-")
    return changes


def labelled(wanted: Sequence[str], labels: Mapping[str, str]) -> dict[str, str]:
    """Return the labels after these changes: KEY=VALUE sets one, KEY- removes it. Raises click.BadParameter."""
    new: dict[str, str | None] = {**labels, **label_changes(wanted)}
    return {key: value for key, value in new.items() if value is not None}
