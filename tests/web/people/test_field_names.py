"""Fields have one name: in tables, in forms, and in what the audit log says about a change."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from fixtures.databases import session
from rowhouse.domain.administration import Holder, ReservationPlan
from rowhouse.ipam import requests
from rowhouse.web.layout.field_names import FIELDS, OF_A_TYPE, field_name
from web.people.deeds import SOMEBODY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fixtures.databases import Database
    from rowhouse.store.connection.database import Database as Store
    from rowhouse.web.table import Table
    from web.people.person import Person

AUDITED = """
SELECT DISTINCT a.attname
  FROM pg_trigger t
  JOIN pg_proc p ON p.oid = t.tgfoid AND p.prosrc LIKE '%record_change%'
       AND t.tgtype & 1 = 1 -- of rows: that of TRUNCATE has none
  JOIN pg_class c ON c.oid = t.tgrelid AND c.relnamespace = 'rowhouse'::regnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
"""
SECRET = {"digest"}
"""What the log never has."""
OTHERS = {("pods", "address"), ("pool-history", "since")}
"""The lowest of several addresses; the beginning of a period, with its zone."""


def test_each_column_of_which_the_audit_log_tells_has_a_name(database: Database) -> None:
    with session(database) as dba:
        found = {name for (name,) in dba.execute(AUDITED)}
    assert {"how_many", "window_first", "is_shared"} <= found
    assert found - SECRET - set(FIELDS) == set()
    names = [*FIELDS.values(), *OF_A_TYPE.values()]
    assert [one for one in names if not re.fullmatch(r"[A-Z][A-Za-z ]+", one)] == []


def test_a_column_of_a_table_has_the_name_of_its_field(tables: Mapping[str, Table]) -> None:
    wrong = {
        (table.name, column.name): column.label
        for table in tables.values()
        for column in table.columns
        if column.name in FIELDS
        and (table.name, column.name) not in OTHERS
        and column.label not in {FIELDS[column.name], field_name(column.name, table.name[:-1])}
    }
    assert wrong == {}


def test_the_audit_log_says_count_where_the_requests_do(
    ada: Person, tables: Mapping[str, Table]
) -> None:
    ada.get("/audit")
    [heading] = [one.label for one in tables["requests"].columns if one.name == "how_many"]
    assert heading == field_name("how_many", "request") == "Count"


def test_a_list_is_written_as_its_values(ada: Person, store: Store, pool: Any) -> None:
    plan = ReservationPlan(
        pool_id=pool.id, holder=Holder(kind="static", namespace="shop", name="x")
    )
    requests.decide(store, requests.send(store, plan, SOMEBODY).id, "approved", SOMEBODY)
    page = ada.get("/audit?action=request.approve").text
    assert "Granted 10.0.0.1" in page


def test_a_fact_that_is_no_column_is_called_by_its_words() -> None:
    assert field_name("left_out") == "Left out"
    assert field_name("addresses", "quota") == "Limit"
    assert field_name("addresses", "request") == "Addresses"
