"""What the command line says to a team that finds nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auth.teams.seed import FOREIGN, OTHER
from cli.conftest import Rowhouse

if TYPE_CHECKING:
    from collections.abc import Callable

    from auth.conftest import Service
    from fixtures.servers import Server


def test_a_team_reads_that_its_namespaces_hold_nothing_not_that_nobody_does(
    server: Server, team: tuple[Service, str]
) -> None:
    rowhouse = Rowhouse({"ROWHOUSE_SERVER": server.url, "ROWHOUSE_TOKEN": team[1]})
    for words, code, said in (
        (("who", FOREIGN), 3, f"none of your namespaces (shop) holds {FOREIGN}"),
        (
            ("who", FOREIGN, "--at", "2020-01-01T00:00:00Z"),
            3,
            f"none of your namespaces (shop) held {FOREIGN} at 2020-01-01T00:00:00Z",
        ),
        (("history", FOREIGN), 0, f"none of your namespaces (shop) ever held {FOREIGN}"),
        (("pod", f"{OTHER}-ns/x"), 3, f'namespace "{OTHER}-ns" is not one of yours: shop'),
        (("pod", "shop/nothing"), 3, "shop/nothing held no address"),
        (("search", "nothing"), 3, "nothing matches nothing in your namespaces (shop)"),
    ):
        assert rowhouse(*words, code=code).stderr == f"{said}\n", words
    shown = rowhouse("address", "show", FOREIGN, "--network", "lan", code=3).stderr
    assert OTHER not in shown
    assert shown.startswith(f"Error: none of your namespaces (shop) holds {FOREIGN}\n")
    pool = rowhouse("pool", "show", "10.66.0.0/24", code=3).stderr
    assert pool.startswith('Error: none of your namespaces (shop) uses a pool "10.66.0.0/24"\n')
    [held] = rowhouse.items("who", "10.0.0.1")
    assert held["owner"]["name"] == "web-0"


def test_only_answers_to_a_team_name_its_namespaces(
    team: tuple[Service, str], make_token: Callable[..., str]
) -> None:
    service, token = team
    header = "Rowhouse-Namespaces"
    assert service.get("/api/v1/reservations", token).headers[header] == "shop"
    assert service.get("/api/v1/audit", token).headers[header] == "shop"
    several = make_token("team", name="two", namespaces=["b,\n", "a"])
    assert service.get("/api/v1/reservations", several).headers[header] == "a,b%2C%0A"
    assert header not in service.get("/api/v1/reservations", make_token("viewer")).headers
