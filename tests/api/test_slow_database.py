"""No reading route waits for ever for the database: each ends when its caller does, or after ten seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    from api.conftest import Api

LOCK_ALL = """
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT oid::regclass::text FROM pg_class
                 WHERE relnamespace = 'rowhouse'::regnamespace AND relkind = 'r' LOOP
        EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', name);
    END LOOP;
END $$"""
FILLED = {"pool_id": "1", "address": "10.0.0.1", "namespace": "default", "name": "web-0"}


def test_every_reading_route_ends_while_all_tables_are_locked(
    api: Api, dba: psycopg.Connection[TupleRow]
) -> None:
    api.pool()
    paths = {
        rule.rule: rule
        for rule in api.app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and rule.rule.startswith("/api/v1/")
    }
    assert len(paths) > 10
    with dba.transaction():
        dba.execute(LOCK_ALL)
        answers = {}
        for template, rule in paths.items():
            path = template
            for name in rule.arguments:
                path = path.replace(f"<int:{name}>", "1")
                path = path.replace(f"<{name}>", FILLED.get(name, "1"))
            answers[path] = api.send("GET", path, Rowhouse_Timeout="0.2")
    # A caller without a deadline, as those of later tests in this thread are.
    api.send("GET", "/livez")
    # A route that reads nothing may answer, one that lacks a parameter may refuse.
    assert {answer.status_code for answer in answers.values()} <= {200, 400, 404, 422, 503}
    for path in ("pools", "networks", "reservations", "audit"):
        assert answers[f"/api/v1/{path}"].status_code == 503
