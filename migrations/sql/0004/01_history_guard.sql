-- History and audit that nobody rewrites unseen, whoever they are.

ALTER TABLE audit_log ADD COLUMN database_user text NOT NULL DEFAULT session_user;
COMMENT ON COLUMN audit_log.database_user IS
    'The database user who was logged in: what PostgreSQL knows, where actor is what the server said.';

CREATE FUNCTION refuse_rewriting() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: there is no % of it', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'feature_not_supported',
              HINT = 'Its owner can disable the trigger, and is then the one who did that.';
END $$;
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

CREATE FUNCTION history_rewritten() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- The columns that a release sets are not looked at: it would pay for it each time.
BEGIN
    IF current_reason() <> 'SQL' THEN
        NULL;
    ELSIF TG_OP = 'UPDATE' THEN
        PERFORM record_change('tenure.update', host(OLD.address), to_jsonb(OLD), to_jsonb(NEW));
    ELSE
        PERFORM record_change('tenure.delete', host(g.address), to_jsonb(g), NULL) FROM gone g;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tenures_rewritten
    AFTER UPDATE OF network_id, address, pool_id, owner_kind, owner_cluster, owner_namespace, owner_name,
                    owner_interface, owner_uid, node, container_id, started_by, start_reason ON tenures
    FOR EACH ROW EXECUTE FUNCTION history_rewritten();
CREATE TRIGGER tenures_deleted AFTER DELETE ON tenures REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION history_rewritten();

REVOKE ALL ON FUNCTION refuse_rewriting, history_rewritten FROM PUBLIC;

CREATE OR REPLACE FUNCTION prune_v1(older_than timestamptz, after_id bigint, at_most integer)
RETURNS TABLE (pruned integer, last_id bigint)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
SET jit = off
SET enable_seqscan = off
AS $$
-- Removes tenures that ended before a moment, at_most rows looked at a call, in the order of their ids,
-- behind after_id. last_id is where the next call goes on; NULL: there is nothing more.
DECLARE
    command text := set_config('rowhouse.command', 'PRUNE', true);
BEGIN
    WITH seen AS (
        SELECT t.id, upper(t.during) < older_than AS is_old FROM tenures t
         WHERE t.id > after_id ORDER BY t.id LIMIT at_most),
    gone AS (
        DELETE FROM tenures t USING seen WHERE t.id = seen.id AND seen.is_old RETURNING 1)
    SELECT (SELECT count(*) FROM gone), (SELECT max(seen.id) FROM seen) INTO pruned, last_id;
    RETURN NEXT;
END $$;

-- What the server has no use for, it may not do: remove history, and write lines of the audit log at will.
-- `rowhouse db prune` is for a member of rowhouse_owner.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rowhouse_server') THEN
        REVOKE EXECUTE ON FUNCTION prune_v1, record_v1 FROM rowhouse_server;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rowhouse_owner') THEN
        GRANT EXECUTE ON FUNCTION refuse_rewriting, history_rewritten TO rowhouse_owner;
    END IF;
END $$;
