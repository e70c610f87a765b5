CREATE FUNCTION refuse_rewriting() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    stack text;
BEGIN
    IF TG_OP = 'DELETE' THEN
        -- Unlike a setting, the calling function cannot be forged.
        GET DIAGNOSTICS stack = PG_CONTEXT;
        IF stack ~ '(^|[^.[:alnum:]_])(rowhouse[.])?prune_audit_v1[(]timestamp with time zone,bigint,integer[)]' THEN
            RETURN NULL;
        END IF;
    END IF;
    RAISE EXCEPTION '% is append-only and does not allow %', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'feature_not_supported',
              HINT = '`rowhouse db prune --audit-older-than` removes old lines. Only the owner can disable the trigger.';
END $$;
COMMENT ON FUNCTION refuse_rewriting() IS 'Trigger: the audit log is append-only; only prune_audit_v1() removes entries.';

CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
