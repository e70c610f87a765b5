CREATE TYPE attached_address AS (
    ordinal      integer,
    network_name text,
    cidr         cidr,
    address      inet,
    gateway      inet,
    created      boolean,
    rival        text
);
COMMENT ON TYPE attached_address IS
    'What attach_v1() returns for each range. Of OUT parameters, PostgreSQL would read the names twice in each call.';
COMMENT ON COLUMN attached_address.ordinal IS 'The range of the request: its place in the arrays, from 1.';
COMMENT ON COLUMN attached_address.network_name IS 'Network of the pool.';
COMMENT ON COLUMN attached_address.cidr IS 'CIDR of the pool.';
COMMENT ON COLUMN attached_address.address IS 'The address that the sandbox has now.';
COMMENT ON COLUMN attached_address.gateway IS 'Gateway of a pool that was named in the request.';
COMMENT ON COLUMN attached_address.created IS 'Whether this call made the reservation; false: its owner had it already.';
COMMENT ON COLUMN attached_address.rival IS 'Node and uid of another pod that uses the address as well; NULL: none.';
