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
    'The result of attach_v1() for each range. With OUT parameters, PostgreSQL would read their names twice in each call.';
COMMENT ON COLUMN attached_address.ordinal IS 'The range of the request: its position in the arrays, from 1.';
COMMENT ON COLUMN attached_address.network_name IS 'Network of the pool.';
COMMENT ON COLUMN attached_address.cidr IS 'CIDR of the pool.';
COMMENT ON COLUMN attached_address.address IS 'The address of the sandbox.';
COMMENT ON COLUMN attached_address.gateway IS 'Gateway of a pool that was named in the request.';
COMMENT ON COLUMN attached_address.created IS 'Whether this call created the reservation; false: its owner already had it.';
COMMENT ON COLUMN attached_address.rival IS 'Node and uid of another pod that uses the address as well; NULL: none.';
