CREATE FUNCTION refuse_foreign_name(of_pool integer, wanted text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    rival record;
BEGIN
    SELECT n.alias_since, p.cidr, coalesce('"' || p.name || '" (' || p.cidr || ')', p.cidr::text) AS pool INTO rival
      FROM pool_names n JOIN pools p ON p.id = n.pool_id WHERE n.name = wanted AND n.pool_id <> of_pool;
    IF rival.alias_since IS NOT NULL THEN
        RAISE EXCEPTION 'the name "%" is an alias of pool %', wanted, rival.pool
            USING ERRCODE = error_code('in_the_way'),
                  HINT = format('Choose another name, or delete the alias first: `rowhouse pool alias delete %s`.', wanted);
    ELSIF rival.cidr IS NOT NULL THEN
        RAISE EXCEPTION 'a pool with this name already exists: name %', wanted
            USING ERRCODE = error_code('in_the_way');
    END IF;
END $$;
COMMENT ON FUNCTION refuse_foreign_name(integer, text) IS 'Raises in_the_way if a name belongs to another pool, as its name or as an alias.';
