"""The steps that show the same data in SQL, as a DBA sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowhouse.demo.network import FIRST, SECOND

if TYPE_CHECKING:
    from rowhouse.demo.database import Database, Row
    from rowhouse.demo.screen import Screen


def in_use(screen: Screen, database: Database) -> str:
    """Show both addresses as rows; return the time."""
    screen.headline("The same data, as a DBA sees it")
    held = database.ask("reservations")
    found = [f"{row['address']} by {_owner(row)}" for row in held]
    screen.expect("held", found, [f"{FIRST} by devops/ipvl", f"{SECOND} by devops/ipvl2"])
    pools = database.ask("pools")
    found = [f"{row['ippool']} with {row['reserved']} reserved" for row in pools]
    screen.expect("pool", found, ["10.11.88.96-28 with 2 reserved"])
    wanted = ["10.11.88.96 to 10.11.88.97", "10.11.88.100 to 10.11.88.111"]
    screen.expect("free", _runs(database), wanted)
    return database.ask("moment")[0]["moment"]


def released(screen: Screen, database: Database) -> None:
    """Show that all addresses are free again."""
    screen.headline("All addresses are free again")
    screen.expect("held", database.ask("reservations"), [])
    screen.expect("free", _runs(database), ["10.11.88.96 to 10.11.88.111"])


def history(screen: Screen, database: Database, moment: str) -> None:
    """Show the first address's owner at `moment`, its owner now, and the whole history."""
    screen.headline(f"Who had {FIRST}, and when?")
    then = [_owner(row) for row in database.ask("who_had", at=moment)]
    screen.expect(f"its owner at {moment}", then, ["devops/ipvl"])
    screen.expect("its owner now", database.ask("who_has"), [])
    told = database.ask("history")
    found = [f"{_owner(row)} {row['start_reason']} to {row['end_reason']}" for row in told]
    screen.expect("tenures", found, ["devops/ipvl ADD to DEL", "devops/ipvl2 ADD to DEL"])
    screen.expect("problems", database.ask("integrity"), [])


def _owner(row: Row) -> str:
    return f"{row['namespace']}/{row['name']}"


def _runs(database: Database) -> list[str]:
    return [f"{row['first']} to {row['last']}" for row in database.ask("free_runs")]
