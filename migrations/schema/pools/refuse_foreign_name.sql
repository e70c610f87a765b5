CREATE FUNCTION refuse_foreign_name(of_pool integer, wanted text) RETURNS void
LANGUAGE plpgsql AS $$
-- Names that differ only by case would be taken for each other. Databases from before this rule may have some, so there
-- is no unique index on lower(name): the lock makes two calls that claim such names wait for each other.
DECLARE
    rival record;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('rowhouse pool name ' || lower(wanted), 0));
    SELECT n.name, n.alias_since, p.cidr, coalesce(p.name, p.cidr::text) AS shown,
           coalesce('"' || p.name || '" (' || p.cidr || ')', p.cidr::text) AS pool INTO rival
      FROM pool_names n JOIN pools p ON p.id = n.pool_id
     WHERE lower(n.name) = lower(wanted) AND n.pool_id <> of_pool
     ORDER BY n.name <> wanted LIMIT 1;
    IF rival.alias_since IS NOT NULL THEN
        RAISE EXCEPTION 'the name "%" % alias of pool %', wanted,
              CASE WHEN rival.name = wanted THEN 'is an' ELSE format('differs only by case from "%s", an', rival.name) END, rival.pool
            USING ERRCODE = error_code('in_the_way'),
                  HINT = format('Choose another name, or delete the alias first: `rowhouse pool alias delete %s`.', rival.name);
    ELSIF rival.cidr IS NOT NULL THEN
        RAISE EXCEPTION 'the name "%" % pool %', wanted,
              CASE WHEN rival.name = wanted THEN 'belongs to' ELSE format('differs only by case from "%s", the name of', rival.name) END, rival.cidr
            USING ERRCODE = error_code('in_the_way'),
                  HINT = format('Choose another name; `rowhouse pool show %s` shows that pool.', rival.shown);
    END IF;
END $$;
COMMENT ON FUNCTION refuse_foreign_name(integer, text) IS
    'Raises in_the_way if a name, in capital or small letters, belongs to another pool, as its name or as an alias.';
