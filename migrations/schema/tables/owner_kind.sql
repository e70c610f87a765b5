CREATE TYPE owner_kind AS ENUM ('pod', 'static', 'claim', 'virtual_machine', 'workload');
COMMENT ON TYPE owner_kind IS
    'pod: a pod''s interface. static: a person or device that holds an address reserved by hand. claim (IPAMClaim), virtual_machine and workload (StatefulSet identity): owners that outlive a pod; no server assigns to them yet.';
