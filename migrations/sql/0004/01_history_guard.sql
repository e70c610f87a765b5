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

CREATE FUNCTION stamp_audit() RETURNS trigger
LANGUAGE plpgsql AS $$
-- A line that a person writes says so, and when.
BEGIN
    NEW.database_user := session_user;
    NEW.at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER audit_log_stamp BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION stamp_audit();

CREATE FUNCTION changed_by_hand() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- Rows that only functions and triggers of ours write: a statement of a person is in the audit log.
DECLARE
    before jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    after  jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
    row    jsonb := coalesce(before, after);
BEGIN
    PERFORM record_change(rtrim(TG_TABLE_NAME, 's') || '.' || lower(TG_OP),
                          coalesce(row->>'address', row->>'slice', concat_ws('-', row->>'first', row->>'last')), before, after);
    RETURN NULL;
END $$;

-- The condition is what a call pays: it is false within a trigger, and in every function that the server calls, as
-- those name the use case.
CREATE TRIGGER tenures_by_hand AFTER INSERT OR UPDATE OR DELETE ON tenures FOR EACH ROW
    WHEN (pg_trigger_depth() = 0 AND coalesce(current_setting('rowhouse.command', true), '') = '')
    EXECUTE FUNCTION changed_by_hand();
CREATE TRIGGER free_ranges_by_hand AFTER INSERT OR UPDATE OR DELETE ON free_ranges FOR EACH ROW
    WHEN (pg_trigger_depth() = 0 AND coalesce(current_setting('rowhouse.command', true), '') = '')
    EXECUTE FUNCTION changed_by_hand();
CREATE TRIGGER attachments_by_hand AFTER INSERT OR UPDATE OR DELETE ON attachments FOR EACH ROW
    WHEN (pg_trigger_depth() = 0 AND coalesce(current_setting('rowhouse.command', true), '') = '')
    EXECUTE FUNCTION changed_by_hand();
CREATE TRIGGER node_slices_by_hand AFTER INSERT OR UPDATE OR DELETE ON node_slices FOR EACH ROW
    WHEN (pg_trigger_depth() = 0 AND coalesce(current_setting('rowhouse.command', true), '') = '')
    EXECUTE FUNCTION changed_by_hand();
-- The guard of free_ranges does not look at "first" alone, as an allocation only shrinks a run.
CREATE TRIGGER free_ranges_guard_first AFTER UPDATE OF first ON free_ranges FOR EACH ROW
    WHEN (NEW.first < OLD.first AND NEW.last = OLD.last AND NEW.quarantined = OLD.quarantined)
    EXECUTE FUNCTION free_ranges_guard();

REVOKE ALL ON FUNCTION refuse_rewriting, stamp_audit, changed_by_hand FROM PUBLIC;

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
        GRANT EXECUTE ON FUNCTION refuse_rewriting, stamp_audit, changed_by_hand TO rowhouse_owner;
    END IF;
END $$;
