CREATE FUNCTION note_alias_use(aliases text[]) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    -- An ADD calls this last, so nothing waits for its locks; another one that notes the same alias now is as good.
    UPDATE pool_names n SET last_used_at = clock_timestamp()
     WHERE n.name IN (SELECT a.name FROM pool_names a
                       WHERE a.name = ANY (aliases) AND a.alias_since IS NOT NULL ORDER BY a.name FOR UPDATE SKIP LOCKED);
END;
COMMENT ON FUNCTION note_alias_use(text[]) IS 'Notes that an ADD has just named these aliases of pools.';
