"""An owner that an operator or a team names has what identifies it, whichever program calls the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from fixtures.pods import subnet
from rowhouse.store.connection.errors import Refusal

if TYPE_CHECKING:
    from psycopg.rows import TupleRow

    from fixtures.pods import Pods

    Dba = psycopg.Connection[TupleRow]

POOL = "SELECT id FROM pools"
CALLS = {
    "reserve_v2": f"SELECT reserve_v2('a', 'r', ({POOL}), NULL, 1, %s, %s, %s, 'x', %s, NULL, '')",
    "request_v1": f"SELECT request_v1('a', 'r', ({POOL}), NULL, 1, %s, %s, %s, 'x', %s, NULL, '', NULL, '1 day')",
}


@pytest.fixture(autouse=True)
def pool(pods: Pods) -> None:
    """A pool, which an ADD made."""
    pods.add("first", subnet("10.0.0.0/24"))


@pytest.mark.parametrize("function", CALLS)
@pytest.mark.parametrize("owner", [("pod", "", "shop", "net1"), ("static", "", "shop", "")])
def test_the_database_accepts_an_owner_that_is_identified(
    dba: Dba, function: str, owner: tuple[str, ...]
) -> None:
    assert dba.execute(CALLS[function], owner).fetchone()


@pytest.mark.parametrize("function", CALLS)
@pytest.mark.parametrize(
    ("owner", "refused"),
    [
        (("pod", "", "", "net1"), "a pod needs a namespace and an interface"),
        (("pod", "", "shop", ""), "a pod needs a namespace and an interface"),
        (("static", "prod", "", ""), "has no cluster and no interface"),
        (("static", "", "", "net1"), "has no cluster and no interface"),
    ],
)
def test_the_database_refuses_any_other_owner(
    dba: Dba, function: str, owner: tuple[str, ...], refused: str
) -> None:
    with pytest.raises(psycopg.Error, match=refused) as error:
        dba.execute(CALLS[function], owner)
    assert error.value.sqlstate == Refusal.INVALID_CONFIG
