CREATE TYPE owner_kind AS ENUM ('pod', 'static', 'claim', 'virtual_machine', 'workload');
COMMENT ON TYPE owner_kind IS
    'pod: an interface of a pod. static: a person or a device with a manual reservation. claim (IPAMClaim), virtual_machine and workload (StatefulSet identity): owners that outlive a pod.';
