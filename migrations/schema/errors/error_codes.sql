CREATE VIEW error_codes (sqlstate, name, meaning) AS VALUES
    -- Three digits are the CNI error code that the plugin reports.
    ('RH007', 'invalid_config', 'the configuration cannot be served: no such pool, or an address conflict'),
    ('RH011', 'try_again', 'the pool holds back new addresses for now'),
    ('RH100', 'pool_exhausted', 'no free address, or no free slice, in a range'),
    ('RH101', 'address_taken', 'the address is reserved, quarantined or not free'),
    ('RH102', 'address_outside_ranges', 'the address is outside the ranges that may be assigned'),
    ('RH104', 'quota_exceeded', 'a quota does not allow another address'),
    ('RH110', 'not_allowed', 'the caller may not do this'),
    -- Letters: the condition has no CNI error code of its own.
    ('RHATT', 'attached_elsewhere', 'the address of the pod is attached on another node'),
    ('RHISO', 'isolated_pool', 'the pool is isolated, and the configuration shares its addresses'),
    ('RHNFD', 'not_found', 'the pool, network or reservation does not exist'),
    ('RHOLD', 'outdated', 'the object has changed since the caller read it'),
    ('RHUID', 'unconfirmed_object', 'the uid of the owner''s object may be out of date; read the object, and repeat the call'),
    ('RHWAY', 'in_the_way', 'the current state does not allow this change; force often does');
COMMENT ON VIEW error_codes IS
    'The SQLSTATEs that Rowhouse''s functions raise. Three digits are the CNI error code; a code with letters has none.';
COMMENT ON COLUMN error_codes.sqlstate IS 'The code that drivers and psql (\errverbose) report.';
COMMENT ON COLUMN error_codes.name IS 'The name by which functions raise it.';
COMMENT ON COLUMN error_codes.meaning IS 'The meaning of the condition.';
