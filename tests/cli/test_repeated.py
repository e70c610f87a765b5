"""What is given twice is refused, by every command: click itself takes the last one silently."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from rowhouse.cli import main
from rowhouse.cli.commands import Command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.conftest import Rowhouse


def commands(
    group: click.Group, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


ALL = dict(commands(main))


def value_of(option: click.Option) -> str:
    if isinstance(option.type, click.Choice):
        return str(option.type.choices[0])
    return {"DURATION": "1h", "FILE": "/dev/null"}.get(
        option.make_metavar(click.Context(main)), "1"
    )


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_an_option_is_given_once(path: tuple[str, ...]) -> None:
    command = ALL[path]
    assert isinstance(command, Command)
    for option in command.params:
        if not isinstance(option, click.Option) or option.multiple or option.is_flag:
            continue
        name = option.opts[0]
        twice = CliRunner().invoke(main, [*path, *[name, value_of(option)] * 2])
        assert twice.exit_code == 2
        assert f"{max(option.opts, key=len)} is given twice" in twice.stderr, twice.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("address", "label", "10.0.0.7", "10.0.0.7/24", "rack=8"), '"10.0.0.7" is given twice'),
        (("address", "label", "fd00::7", "fd00:0::7", "rack=8"), '"fd00::7" is given twice'),
        (("address", "label", "10.0.0.7", "rack=8", "rack=9"), 'label "rack" is given twice'),
        (("address", "label", "10.0.0.7", "rack=8", "rack-"), 'label "rack" is given twice'),
        (("address", "release", "10.0.0.7", "10.0.0.7", "-y"), '"10.0.0.7" is given twice'),
        (("address", "reserve", "a", "10.0.0.7", "10.0.0.7", "--name", "x"), "given twice"),
        (("pool", "create", "10.0.0.0/24", "--label", "a=1", "--label", "a=2"), 'label "a" is'),
        (("pool", "list", "--drained", "--not-drained"), "--drained/--not-drained is given twice"),
        (("pool", "change", "10.0.0.0/24", "--name", "a", "--unset", "name"), "either --name or"),
    ],
)
def test_a_value_is_given_once(rowhouse: Rowhouse, arguments: tuple[str, ...], said: str) -> None:
    rowhouse("pool", "create", "10.0.0.0/24")
    assert said in rowhouse(*arguments, code=2).stderr


def test_a_flag_may_be_repeated(rowhouse: Rowhouse) -> None:
    rowhouse("pool", "create", "10.0.0.0/24", "--name", "a")
    rowhouse("address", "reserve", "a", "--name", "x")
    rowhouse("address", "label", "--pool", "a", "x=1", "y=2", "--yes", "-y")
