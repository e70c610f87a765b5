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

CREATE FUNCTION history_by_hand() RETURNS trigger
LANGUAGE plpgsql AS $$
-- Only functions and triggers of ours write history: they name the use case, or are triggers themselves. A statement of
-- a person is in the audit log. No WHEN clause: PostgreSQL would parse it for every statement, which every call
-- would pay for; no rows one by one; and neither SECURITY DEFINER nor a search path of its own, for the same reason: only
-- the tables' owner can write to them, and may write to the audit log as well.
BEGIN
    IF pg_trigger_depth() > 1 OR current_setting('rowhouse.command', true) <> '' THEN
        NULL;
    ELSIF TG_OP = 'INSERT' THEN
        PERFORM rowhouse.record_change('tenure.insert', pg_catalog.host(n.address), NULL, pg_catalog.to_jsonb(n)) FROM new_rows n;
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM rowhouse.record_change('tenure.delete', pg_catalog.host(o.address), pg_catalog.to_jsonb(o), NULL) FROM old_rows o;
    ELSE
        -- (A row whose id was changed as well is a line for what it was and one for what it is.)
        PERFORM rowhouse.record_change('tenure.update', pg_catalog.host(coalesce(o.address, n.address)),
                                       pg_catalog.to_jsonb(o), pg_catalog.to_jsonb(n))
           FROM old_rows o FULL JOIN new_rows n ON n.id = o.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tenures_inserted AFTER INSERT ON tenures REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION history_by_hand();
CREATE TRIGGER tenures_updated AFTER UPDATE ON tenures REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION history_by_hand();
CREATE TRIGGER tenures_deleted AFTER DELETE ON tenures REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION history_by_hand();

CREATE FUNCTION free_space_deleted() RETURNS trigger
LANGUAGE plpgsql AS $$
-- What is inserted and changed by hand free_ranges_guard() records.
BEGIN
    IF pg_trigger_depth() > 1 OR current_setting('rowhouse.command', true) <> '' THEN
        RETURN NULL;
    END IF;
    PERFORM rowhouse.record_change('free_range.delete', pg_catalog.host(OLD.first) || '-' || pg_catalog.host(OLD.last),
                                   pg_catalog.to_jsonb(OLD), NULL);
    RETURN NULL;
END $$;
CREATE TRIGGER free_ranges_deleted AFTER DELETE ON free_ranges
    FOR EACH ROW EXECUTE FUNCTION free_space_deleted();

CREATE FUNCTION changed_by_hand() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
DECLARE
    before jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    after  jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
    row    jsonb := coalesce(before, after);
BEGIN
    IF pg_trigger_depth() = 1 AND coalesce(current_setting('rowhouse.command', true), '') = '' THEN
        PERFORM record_change(rtrim(TG_TABLE_NAME, 's') || '.' || lower(TG_OP), coalesce(row->>'address', row->>'slice', row->>'reason', row->>'pool_id'),
                              before, after);
    END IF;
    RETURN NULL;
END $$;
-- (The key's other columns follow the reservation.)
CREATE TRIGGER attachments_updated
    AFTER UPDATE OF cluster, container_id, interface, node, cni_network, pod_uid, attached_at ON attachments
    FOR EACH ROW EXECUTE FUNCTION changed_by_hand();
CREATE TRIGGER assignment_hold_by_hand AFTER INSERT OR UPDATE OR DELETE ON assignment_hold FOR EACH ROW
    EXECUTE FUNCTION changed_by_hand();
CREATE TRIGGER assignment_hold_pools_by_hand AFTER INSERT OR UPDATE OR DELETE ON assignment_hold_pools FOR EACH ROW
    EXECUTE FUNCTION changed_by_hand();
-- (A row that is missing there only makes calls slower.)
CREATE TRIGGER plain_pools_by_hand AFTER INSERT OR UPDATE ON plain_pools FOR EACH ROW
    EXECUTE FUNCTION changed_by_hand();
CREATE TRIGGER node_slices_by_hand AFTER INSERT OR UPDATE OR DELETE ON node_slices FOR EACH ROW
    EXECUTE FUNCTION changed_by_hand();

REVOKE ALL ON FUNCTION refuse_rewriting, stamp_audit, history_by_hand, free_space_deleted, changed_by_hand FROM PUBLIC;

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
        GRANT EXECUTE ON FUNCTION refuse_rewriting, stamp_audit, history_by_hand, free_space_deleted, changed_by_hand TO rowhouse_owner;
    END IF;
END $$;
