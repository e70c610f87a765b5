"""Every SQLSTATE has one meaning: what may be repeated says so, and what would fail again does not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import errors, sql

from fixtures.pods import subnet
from rowhouse.domain.errors import (
    AddressOutsideRanges,
    AddressTaken,
    AttachedElsewhere,
    InternalError,
    InTheWay,
    InvalidConfig,
    InvalidRequest,
    IsolatedPool,
    NotAllowed,
    NotFound,
    NotReady,
    Outdated,
    PoolExhausted,
    QuotaExceeded,
    RowhouseError,
    TryAgain,
    UnconfirmedObject,
)
from rowhouse.store.connection.errors import BY_CONSTRAINT, BY_SQLSTATE, Refusal, domain_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg.rows import TupleRow

    from fixtures.databases import PostgresServer
    from fixtures.pods import Pods

    Dba = psycopg.Connection[TupleRow]

SCHEMA = Path(__file__).parents[2] / "migrations/schema"
MAP = "server/rowhouse/store/connection/errors.py"
RAISED = re.compile(r"ERRCODE\s*=\s*error_code\('(\w+)'\)")
MEANINGS: dict[str, type[RowhouseError]] = {
    Refusal.INVALID_CONFIG: InvalidConfig, Refusal.TRY_AGAIN: TryAgain, Refusal.POOL_EXHAUSTED: PoolExhausted,
    Refusal.ADDRESS_TAKEN: AddressTaken, Refusal.ADDRESS_OUTSIDE_RANGES: AddressOutsideRanges,
    Refusal.QUOTA_EXCEEDED: QuotaExceeded, Refusal.NOT_ALLOWED: NotAllowed,
    Refusal.ATTACHED_ELSEWHERE: AttachedElsewhere, Refusal.UNCONFIRMED_OBJECT: UnconfirmedObject,
    Refusal.ISOLATED_POOL: IsolatedPool, Refusal.NOT_FOUND: NotFound,
    Refusal.OUTDATED: Outdated, Refusal.IN_THE_WAY: InTheWay,
    "08006": TryAgain, "08P01": TryAgain,
    "0A000": InternalError,
    "21000": InternalError,
    "22003": InvalidConfig, "22P02": InvalidConfig, "22021": InvalidConfig,
    "23000": InternalError, "23502": InternalError, "23503": InternalError, "23505": InternalError,
    "23514": InternalError, "23P01": InternalError,
    "25006": TryAgain, "25P02": InternalError, "25P03": TryAgain, "25P04": TryAgain,
    "28000": NotReady, "28P01": NotReady, "3D000": NotReady, "3F000": NotReady,
    "40001": TryAgain, "40002": InternalError, "40P01": TryAgain,
    "42501": NotReady, "42601": InternalError, "42703": NotReady, "42883": NotReady, "42P01": NotReady,
    "42804": InternalError,
    "53100": TryAgain, "53200": TryAgain, "53300": TryAgain,
    "54001": InternalError, "55000": InternalError, "55006": TryAgain, "55P03": TryAgain,
    "57014": TryAgain, "57P01": TryAgain, "57P03": TryAgain,
    "58030": TryAgain, "58P01": InternalError, "72000": TryAgain,
    "P0001": InternalError, "P0004": InternalError,
    "XX000": TryAgain, "XX001": InternalError, "XX002": InternalError,
}  # fmt: skip


@pytest.fixture(scope="module")
def session(postgres: PostgresServer) -> Iterator[Dba]:
    """A session for all states: what raises them needs no schema."""
    with psycopg.connect(postgres.server.conninfo(), autocommit=True) as connection:
        yield connection


def raised(dba: Dba, state: str, *, constraint: str = "") -> psycopg.Error:
    """The driver's error for a SQLSTATE, as a stored function raises it."""
    body = sql.SQL(
        "DO $do$ BEGIN RAISE EXCEPTION 'what happened' USING ERRCODE = {}, CONSTRAINT = {}; END $do$"
    ).format(sql.Literal(state), sql.Literal(constraint))
    with pytest.raises(psycopg.Error) as caught:
        dba.execute(body)
    assert caught.value.sqlstate == state
    return caught.value


@pytest.mark.parametrize("state", MEANINGS)
def test_a_state_has_its_meaning(session: Dba, state: str) -> None:
    error = domain_error(raised(session, state))
    assert type(error) is MEANINGS[state]
    if state != "55P03":
        assert "what happened" in error.message
    if not state.startswith("RH"):
        assert error.hint
        assert isinstance(error, TryAgain | NotReady) == (error.http_status == 503)


def test_every_state_of_the_table_is_among_them() -> None:
    missing = {
        known for known in BY_SQLSTATE if not any(state.startswith(known) for state in MEANINGS)
    }
    assert not missing, f"add to MEANINGS in this file: {missing}"


def test_the_database_and_python_know_the_same_errors_by_the_same_names(dba: Dba) -> None:
    rows = dba.execute("SELECT sqlstate, name FROM error_codes").fetchall()
    names: dict[str, str] = dict(rows)
    ours = {refusal.value: refusal.name.lower() for refusal in Refusal}
    assert names == ours, f"Refusal in {MAP} and migrations/schema/errors/error_codes.sql differ"
    for state, name in names.items():
        assert dba.execute("SELECT error_code(%s)", (name,)).fetchone() == (state,)
    assert {state for state in BY_SQLSTATE if state.startswith("RH")} == set(names)


def test_each_error_is_raised_by_its_name_and_none_by_its_number() -> None:
    raised_names: set[str] = set()
    for file in SCHEMA.rglob("*.sql"):
        if file.name != "error_codes.sql":
            text = file.read_text()
            raised_names |= set(RAISED.findall(text))
            assert re.findall(r"\bRH\w{3}\b", text) == [], file
    names = {refusal.name.lower() for refusal in Refusal}
    assert not (unknown := raised_names - names), f"add to Refusal in {MAP}: {unknown}"
    assert not (unused := names - raised_names), f"no function of {SCHEMA.name}/ raises {unused}"


@pytest.mark.parametrize("refusal", Refusal)
def test_digits_are_the_cni_code_and_a_code_of_their_own_has_no_digits(refusal: Refusal) -> None:
    number = refusal.removeprefix("RH")
    if re.search(r"\d", number):
        assert int(number) == BY_SQLSTATE[refusal].error.cni_code


def test_no_integrity_error_is_to_be_tried_again(session: Dba) -> None:
    """Every condition of class 23 that the driver knows."""
    states = [
        one.sqlstate
        for one in vars(errors).values()
        if isinstance(one, type)
        and issubclass(one, psycopg.Error)
        and (one.sqlstate or "").startswith("23")
    ]
    assert len(states) >= 7
    for state in states:
        assert state
        error = domain_error(raised(session, state))
        assert (error.cni_code, error.http_status) == (999, 500), state


@pytest.mark.parametrize("constraint", BY_CONSTRAINT)
def test_a_constraint_that_callers_can_run_into_says_what_is_in_the_way(
    session: Dba, constraint: str
) -> None:
    for state in ("23505", "23503"):
        error = domain_error(raised(session, state, constraint=constraint))
        assert isinstance(error, InTheWay)
        assert error.message == BY_CONSTRAINT[constraint]


def test_a_check_of_a_pool_is_the_callers(session: Dba) -> None:
    assert isinstance(
        domain_error(raised(session, "23514", constraint="pools_check")), InvalidRequest
    )


def test_without_a_state_there_is_no_connection() -> None:
    assert isinstance(domain_error(psycopg.OperationalError("connection refused")), TryAgain)


def test_what_stays_refused_is_a_fault_and_not_to_be_tried_again(pods: Pods, dba: Dba) -> None:
    """A tenure that no correction can move: only a foreign trigger can make one."""
    pods.add("web-0", subnet("10.0.0.0/24"))
    dba.execute(
        """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
           BEGIN RAISE EXCEPTION 'not here' USING ERRCODE = 'exclusion_violation'; END $$"""
    )
    dba.execute(
        "CREATE TRIGGER refuse BEFORE INSERT ON tenures FOR EACH ROW EXECUTE FUNCTION refuse()"
    )
    with pytest.raises(InternalError, match="not here"):
        pods.add("web-1", subnet("10.0.0.0/24"))
    assert [one.released for one in pods.delete("web-0")] == [True]


def test_a_delete_succeeds_though_the_free_space_does_not_take_the_address(
    pods: Pods, dba: Dba
) -> None:
    pods.add("web-0", subnet("10.0.0.0/24"))
    dba.execute("SET session_replication_role = replica")
    dba.execute("UPDATE free_ranges SET first = '10.0.0.0'")
    dba.execute(
        """INSERT INTO free_ranges (network_id, first, last, free_from)
           SELECT network_id, '10.0.0.0', '10.0.0.1', now() FROM pools ON CONFLICT DO NOTHING"""
    )
    dba.execute("SET session_replication_role = origin")
    assert [one.released for one in pods.delete("web-0")] == [True]
    assert pods.delete("web-0") == []
    refused = dba.execute("SELECT object FROM audit_log WHERE action = 'free_range.refuse'")
    assert refused.fetchall() == [("10.0.0.1",)]


def test_an_address_that_is_reserved_and_free_at_once_keeps_no_call_for_ever(
    pods: Pods, dba: Dba
) -> None:
    wanted = subnet("10.0.0.0/24")
    pods.add("web-0", wanted)
    dba.execute("SET session_replication_role = replica")
    dba.execute("UPDATE free_ranges SET first = '10.0.0.1' WHERE last = '10.0.0.255'")
    dba.execute("SET session_replication_role = origin")
    assert pods.add("web-1", wanted) == "10.0.0.2"
    assert pods.add("web-2", wanted) == "10.0.0.3"
    assert dba.execute("SELECT * FROM integrity_problems").fetchall() == []
    corrected = dba.execute("SELECT object FROM audit_log WHERE action = 'free_range.correct'")
    assert corrected.fetchall() == [("10.0.0.1-10.0.0.255",)]
