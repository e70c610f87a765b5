CREATE FUNCTION refuse_used_alias(alias pool_names) RETURNS void
LANGUAGE plpgsql AS $$
-- A sandbox that attached after the alias was last used came by another name, and so will its successor. last_used_at
-- is written once a minute.
DECLARE
    used    bigint;
    example text;
BEGIN
    IF is_forced() OR alias.last_used_at IS NULL THEN
        RETURN;
    END IF;
    SELECT count(*), min(host(r.address) || ' (' || coalesce(nullif(r.owner_namespace, '') || '/', '') || r.owner_name || ')')
      INTO used, example
      FROM reservations r
     WHERE r.pool_id = alias.pool_id
       AND r.network_id = (SELECT p.network_id FROM pools p WHERE p.id = alias.pool_id)
       AND EXISTS (SELECT FROM attachments a WHERE a.network_id = r.network_id AND a.address = r.address
                      AND a.attached_at <= alias.last_used_at + interval '1 minute');
    IF used > 0 THEN
        RAISE EXCEPTION 'removing the pool name "%" affects % that running sandboxes use: %', alias.name,
                        CASE used WHEN 1 THEN '1 address' ELSE used || ' addresses' END,
                        example || CASE WHEN used > 1 THEN ', …' ELSE '' END
            USING ERRCODE = error_code('in_the_way'),
                  HINT = 'They may have used this name: change the NADs that use it and restart these pods, or pass `force`.';
    END IF;
END $$;
COMMENT ON FUNCTION refuse_used_alias(pool_names) IS
    'Raises in_the_way if running sandboxes may have used an alias, unless the change is forced.';
