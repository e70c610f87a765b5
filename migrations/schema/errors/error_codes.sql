CREATE VIEW error_codes (sqlstate, name, meaning) AS VALUES
    -- Three digits are the CNI error code that the plugin reports.
    ('RH007', 'invalid_config', 'the configuration cannot be served: no such pool, or a collision of addresses'),
    ('RH011', 'try_again', 'not now: new addresses of the pool are held back'),
    ('RH100', 'pool_exhausted', 'no free address, or no free slice, in a range'),
    ('RH101', 'address_taken', 'the address is reserved, quarantined or not free'),
    ('RH102', 'address_outside_ranges', 'the address is outside of what may be assigned'),
    ('RH104', 'quota_exceeded', 'a quota does not allow another address'),
    ('RH110', 'not_allowed', 'the caller may not do this'),
    -- Letters: the condition has no CNI error code of its own.
    ('RHATT', 'attached_elsewhere', 'the address of the pod is attached on another node'),
    ('RHISO', 'isolated_pool', 'the pool is isolated, and the configuration shares its addresses'),
    ('RHNFD', 'not_found', 'there is no such pool, network or reservation'),
    ('RHOLD', 'outdated', 'it was changed since the caller read it'),
    ('RHWAY', 'in_the_way', 'what exists does not allow this change; often force does');
COMMENT ON VIEW error_codes IS
    'The SQLSTATEs that our functions raise. Three digits are the CNI error code; letters: it has none of its own.';
COMMENT ON COLUMN error_codes.sqlstate IS 'What psql prints with \errverbose, and what a driver reports.';
COMMENT ON COLUMN error_codes.name IS 'The name that functions raise it by.';
COMMENT ON COLUMN error_codes.meaning IS 'What is wrong.';
