"""All that PostgreSQL knows of the schema: each object with its definition, to compare two databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

# The order of columns and of grants is left out: a new column comes last in a table that exists, and where it reads
# best in the file of the table. Rights that were not granted are there as PostgreSQL's defaults, spelled out.
OBJECTS = """
WITH home AS (SELECT oid FROM pg_namespace WHERE nspname = 'rowhouse'),
granted (class, object, rights) AS (
    SELECT class, object, string_agg(acl::text, ', ' ORDER BY acl::text COLLATE "C")
      FROM (SELECT 'pg_class'::regclass AS class, c.oid AS object,
                   unnest(coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char",
                                                        c.relowner))) AS acl
              FROM pg_class c, home WHERE c.relnamespace = home.oid
            UNION ALL
            SELECT 'pg_proc'::regclass, p.oid, unnest(coalesce(p.proacl, acldefault('f', p.proowner)))
              FROM pg_proc p, home WHERE p.pronamespace = home.oid
            UNION ALL
            SELECT 'pg_type'::regclass, t.oid, unnest(coalesce(t.typacl, acldefault('T', t.typowner)))
              FROM pg_type t, home WHERE t.typnamespace = home.oid
            UNION ALL
            SELECT 'pg_namespace'::regclass, n.oid, unnest(coalesce(n.nspacl, acldefault('n', n.nspowner)))
              FROM pg_namespace n, home WHERE n.oid = home.oid) AS rights
     GROUP BY class, object),
objects (class, object, part, name, definition) AS (
    SELECT 'pg_namespace'::regclass, home.oid, 0, 'schema rowhouse', '' FROM home
    UNION ALL
    SELECT 'pg_class'::regclass, c.oid, 0,
           concat_ws(' ', CASE c.relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' WHEN 'S' THEN 'sequence'
                                         WHEN 'i' THEN 'index' ELSE 'relation ' || c.relkind::text END, c.relname),
           concat_ws(E'\\n', array_to_string(c.reloptions, ', '), 'persistence ' || c.relpersistence::text,
                     CASE WHEN c.relrowsecurity OR c.relforcerowsecurity THEN 'row security' END,
                     'replica identity ' || c.relreplident::text,
                     CASE c.relkind WHEN 'v' THEN pg_get_viewdef(c.oid) WHEN 'i' THEN pg_get_indexdef(c.oid) END,
                     (SELECT to_jsonb(s) - 'seqrelid' - 'seqtypid' || jsonb_build_object('type', s.seqtypid::regtype)
                        FROM pg_sequence s WHERE s.seqrelid = c.oid),
                     (SELECT 'of ' || d.refobjid::regclass || '.' || a.attname
                        FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
                       WHERE c.relkind = 'S' AND d.classid = 'pg_class'::regclass AND d.objid = c.oid
                         AND d.deptype IN ('a', 'i')))
      FROM pg_class c, home WHERE c.relnamespace = home.oid AND c.relkind <> 'c'
    UNION ALL
    SELECT 'pg_class'::regclass, c.oid, a.attnum, concat('column ', c.relname, '.', a.attname),
           concat_ws(' ', format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'NOT NULL' END,
                     'collation ' || nullif(a.attcollation, 0)::regcollation,
                     'identity ' || nullif(a.attidentity::text, ''), 'generated ' || nullif(a.attgenerated::text, ''),
                     'storage ' || a.attstorage::text, array_to_string(a.attoptions, ', '), a.attacl::text,
                     'default ' || pg_get_expr(d.adbin, d.adrelid))
      FROM pg_class c
      JOIN home ON c.relnamespace = home.oid AND c.relkind IN ('r', 'v', 'c')
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    UNION ALL
    SELECT 'pg_constraint'::regclass, c.oid, 0,
           concat('constraint ', coalesce(nullif(c.conrelid, 0)::regclass::text, c.contypid::regtype::text),
                  '.', c.conname),
           concat_ws(' ', pg_get_constraintdef(c.oid), CASE WHEN NOT c.convalidated THEN 'not valid' END)
      FROM pg_constraint c, home WHERE c.connamespace = home.oid
    UNION ALL
    SELECT 'pg_trigger'::regclass, t.oid, 0, concat('trigger ', c.relname, '.', t.tgname),
           concat_ws(' ', pg_get_triggerdef(t.oid), 'enabled ' || t.tgenabled::text)
      FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid, home
     WHERE c.relnamespace = home.oid AND NOT t.tgisinternal
    UNION ALL
    SELECT 'pg_proc'::regclass, p.oid, 0, concat('function ', p.oid::regprocedure), pg_get_functiondef(p.oid)
      FROM pg_proc p, home WHERE p.pronamespace = home.oid
    UNION ALL
    SELECT 'pg_type'::regclass, t.oid, 0, concat('type ', t.typname),
           concat_ws(' ', 'kind ' || t.typtype::text, format_type(nullif(t.typbasetype, 0), t.typtypmod),
                     'default ' || t.typdefault, CASE WHEN t.typnotnull THEN 'NOT NULL' END,
                     (SELECT string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder) FROM pg_enum e
                       WHERE e.enumtypid = t.oid),
                     (SELECT 'range of ' || r.rngsubtype::regtype FROM pg_range r WHERE r.rngtypid = t.oid))
      FROM pg_type t, home
     WHERE t.typnamespace = home.oid AND t.typtype <> 'c' AND t.typelem = 0
    UNION ALL
    SELECT 'pg_rewrite'::regclass, r.oid, 0, concat('rule ', r.ev_class::regclass, '.', r.rulename),
           pg_get_ruledef(r.oid)
      FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class, home WHERE c.relnamespace = home.oid
    UNION ALL
    SELECT 'pg_statistic_ext'::regclass, s.oid, 0, concat('statistics ', s.stxname), pg_get_statisticsobjdef(s.oid)
      FROM pg_statistic_ext s, home WHERE s.stxnamespace = home.oid
    UNION ALL
    SELECT 'pg_policy'::regclass, p.oid, 0, concat('policy ', p.polrelid::regclass, '.', p.polname), to_jsonb(p)::text
      FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid, home WHERE c.relnamespace = home.oid
    UNION ALL
    SELECT 'pg_default_acl'::regclass, d.oid, 0,
           concat('default privileges of ', d.defaclrole::regrole, ' for ', d.defaclobjtype), d.defaclacl::text
      FROM pg_default_acl d LEFT JOIN home ON d.defaclnamespace = home.oid
)
SELECT o.name,
       concat_ws(E'\\n', o.definition,
                 'comment: ' || (SELECT d.description FROM pg_description d
                                  WHERE d.classoid = o.class AND d.objoid = o.object AND d.objsubid = o.part),
                 'rights: ' || (SELECT g.rights FROM granted g
                                 WHERE g.class = o.class AND g.object = o.object AND o.part = 0))
  FROM objects o
"""


def catalogue(session: psycopg.Connection[TupleRow]) -> dict[str, str]:
    """The definition of each object, with its comment and its grants; what is alembic's own is left out."""
    found: dict[str, str] = dict(session.execute(OBJECTS).fetchall())
    return {name: text for name, text in found.items() if "alembic_version" not in name}


def differences(found: dict[str, str], wanted: dict[str, str]) -> str:
    """Each object that differs, with both texts; empty where none does."""
    return "\n\n".join(
        f"{name}\n--- found:\n{found.get(name, 'not there')}\n--- wanted:\n{wanted.get(name, 'not there')}"
        for name in sorted(found.keys() | wanted.keys())
        if found.get(name) != wanted.get(name)
    )
