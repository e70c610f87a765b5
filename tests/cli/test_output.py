"""Tables line up, no data controls the terminal, and color is for terminals."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from cli.conftest import Rowhouse
from fixtures.http import Quiet, listening
from rowhouse.cli import main
from rowhouse.cli.output import Column, Format, Printer
from rowhouse.cli.times import Duration, Moment, relative, rfc3339, seconds_of, span

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
COLUMNS = (
    Column("NAME", "name"),
    Column("COUNT", "count", "number"),
    Column("UID", "uid", wide=True),
)


def printed(act: Callable[[], None]) -> str:
    @click.command()
    def command() -> None:
        act()

    return CliRunner().invoke(command, catch_exceptions=False).output


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    rows = [{"name": "a", "count": 1234567, "uid": "u"}, {"name": "longer", "count": 5, "uid": ""}]
    table = printed(lambda: Printer(Format("table")).items(rows, COLUMNS, nothing=""))
    assert table == "NAME        COUNT\na       1,234,567\nlonger          5\n"
    wide = printed(lambda: Printer(Format("wide")).items(rows, COLUMNS, nothing=""))
    assert wide.splitlines()[1:] == ["a       1,234,567  u", "longer          5  -"]


@given(st.text())
def test_a_cell_is_one_line_of_printable_text(name: str) -> None:
    table = printed(
        lambda: Printer(Format("table")).items([{"name": name, "count": 1}], COLUMNS, nothing="")
    )
    assert len(table.splitlines()) == 2
    assert table.replace("\n", "").isprintable()


ESCAPES = "\x1b[2J\x9b2J\x7f"


class Hostile(Quiet):
    """A server whose texts control a terminal."""

    def do_GET(self) -> None:  # noqa: N802 - http.server calls it so
        if self.path.startswith("/api/v1/networks"):
            found = {"items": [{"id": 1, "name": f"a{ESCAPES}", "pools": 1}], "next": None}
            self.answer(json.dumps(found).encode(), "application/json")
        else:
            problem = {
                "detail": f"detail{ESCAPES}",
                "hint": f"hint{ESCAPES}",
                "errors": [{"pointer": f"/query/p{ESCAPES}", "detail": f"wrong{ESCAPES}"}],
            }
            self.answer(json.dumps(problem).encode(), "application/problem+json", 422)


@pytest.mark.parametrize("form", ["table", "wide", "json", "yaml"])
@pytest.mark.parametrize("command", ["network", "pool"])
def test_no_text_of_a_server_controls_the_terminal(command: str, form: str) -> None:
    with listening(Hostile) as url:
        result = CliRunner().invoke(main, [command, "list", "-o", form, "--server", url])
    assert (result.exit_code, "2J" in result.output) == (int(command == "pool"), True)
    assert result.output.replace("\n", "").isprintable()


def test_a_completed_action_is_one_line_of_printable_text() -> None:
    said = printed(lambda: Printer(Format("table")).done(f"pool {ESCAPES}\n deleted", {}))
    assert said.count("\n") == 1
    assert said.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        ("2026-03-01T12:00:00Z", "now"),
        ("2026-03-01T11:59:01Z", "59s ago"),
        ("2026-03-01T10:00:00+00:00", "2h ago"),
        ("2026-03-01T12:00:00+02:00", "2h ago"),
        ("2025-03-01T12:00:00.123Z", "364d ago"),
        ("2026-03-01T12:05:00Z", "in 5m"),
    ],
)
def test_times_are_relative(moment: str, text: str) -> None:
    assert relative(moment, NOW) == text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90d", 7_776_000), ("1w", 604_800), ("5m", 300), ("0s", 0), ("1.5h", None), ("d", None)],
)
def test_durations_have_a_unit(text: str, seconds: float | None) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(
    ("text", "told"),
    [("0s", "0s is too short: the minimum is 1s"), ("53w", "53w is too long: the maximum is 364d")],
)
def test_a_duration_beyond_its_limits_is_told_as_it_was_typed(text: str, told: str) -> None:
    with pytest.raises(click.BadParameter, match=told):
        Duration(least=1, most=52 * 7 * 86_400).convert(text, None, None)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("", "the path is empty"),
        ("{}", "the path is empty"),
        ("{.items[*].address", "the closing } is missing"),
    ],
)
def test_an_incomplete_path_is_told_in_plain_words(direct: Rowhouse, path: str, told: str) -> None:
    assert told in direct("pool", "list", "-o", f"jsonpath={path}", code=2).stderr


@given(st.integers(0, 10**9 - 1))
def test_a_duration_is_written_as_it_is_read(seconds: int) -> None:
    assert seconds_of(span(seconds)) == seconds


def test_moments_become_utc() -> None:
    assert Moment().convert("2026-03-01T12:00:00+02:00", None, None) == "2026-03-01T10:00:00Z"
    assert rfc3339(NOW) == "2026-03-01T12:00:00Z"
    for ago in ("2h", "2h ago"):
        moment = datetime.fromisoformat(Moment().convert(ago, None, None))
        assert 7199 < (datetime.now(UTC) - moment).total_seconds() < 7300


def test_color_is_for_terminals_that_want_it(direct: Rowhouse) -> None:
    direct("pool", "create", "10.0.0.0/30", "--name", "a")
    direct("address", "reserve", "a", "--count", "2", "--name", "x")
    assert "\x1b" not in direct("pool", "list").output
    assert "\x1b[31m" in direct("pool", "list", color=True).output
    sober = Rowhouse(direct.environment | {"NO_COLOR": "1"})
    assert "\x1b" not in sober("pool", "list", color=True).output


def test_the_shells_get_their_completion() -> None:
    for shell in ("bash", "zsh", "fish"):
        assert "_ROWHOUSE_COMPLETE" in Rowhouse()("completion", shell).output


def test_words_are_completed() -> None:
    environment = {"_ROWHOUSE_COMPLETE": "bash_complete", "COMP_WORDS": "rowhouse pool d"}
    done = CliRunner().invoke(main, [], prog_name="rowhouse", env=environment | {"COMP_CWORD": "2"})
    assert [line.partition(",")[2] for line in done.output.splitlines()] == ["delete", "drain"]
