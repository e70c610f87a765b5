"""Commands that refuse repeated options and arguments: click itself takes the last one silently. All take -h."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from rowhouse.domain.echo import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


HELP: Final = ["-h", "--help"]
"""The options that show the help of a command."""


class Helpful(click.Command):
    """A command with -h in every context: click keeps the option that the first context asks for."""

    def get_help_option_names(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names, whatever the context has."""
        return list(HELP)


class Command(Helpful):
    """A command that takes each option once, and no value of a list twice."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the command line.

        Raises:
            click.UsageError: names what is repeated.
        """
        if not ctx.resilient_parsing:
            *_, used = self.make_parser(ctx).parse_args(list(args))
            _refuse_repeated_options(used, ctx)
        rest = super().parse_args(ctx, args)
        for parameter in self.params:
            values = ctx.params.get(parameter.name or "")
            if isinstance(values, tuple) and not ctx.resilient_parsing:
                refuse_repeated(values, ctx)
        return rest


class Group(Helpful, click.Group):
    """A group of such commands."""

    command_class = Command
    group_class = type


def command(**options: Any) -> Callable[[Callable[..., Any]], Command]:
    """Return a decorator, as `click.command`."""
    return click.command(cls=Command, **options)


def group(**options: Any) -> Callable[[Callable[..., Any]], Group]:
    """Return a decorator, as `click.group`."""
    return click.group(cls=Group, **options)


def refuse_repeated(values: Iterable[Any], ctx: click.Context | None = None) -> None:
    """Refuse a list with a value twice. Raises click.UsageError."""
    known = set()
    for value in values:
        if value in known:
            raise click.UsageError(f"{shown(str(value))} is given twice", ctx)
        known.add(value)


def _refuse_repeated_options(used: Iterable[click.Parameter], ctx: click.Context) -> None:
    known = set()
    for option in used:
        if not isinstance(option, click.Option) or option.multiple or option.count:
            continue
        # (--yes --yes says the same twice, --drained --not-drained does not.)
        if option.is_flag and not option.secondary_opts:
            continue
        if option in known:
            names = "/".join([max(option.opts, key=len), *option.secondary_opts])
            raise click.UsageError(f"{names} is given twice", ctx)
        known.add(option)
