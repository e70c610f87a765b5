CREATE TABLE owner_objects (
    cluster     text NOT NULL,
    owner_kind  owner_kind NOT NULL,
    namespace   text NOT NULL,
    name        text NOT NULL,
    object_kind text NOT NULL CHECK (object_kind <> ''),
    object_name text NOT NULL CHECK (object_name <> ''),
    object_uid  text,
    noted_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (cluster, owner_kind, namespace, name)
);
COMMENT ON TABLE owner_objects IS
    'The Kubernetes objects whose existence keeps the addresses of owners that are not pods. The controller removes a row with the last address of its owner.';
COMMENT ON COLUMN owner_objects.cluster IS 'Cluster of the owner; '''' is a cluster without a name.';
COMMENT ON COLUMN owner_objects.owner_kind IS 'Kind of the owner: reservations.owner_kind.';
COMMENT ON COLUMN owner_objects.namespace IS 'Namespace of the owner and of the object.';
COMMENT ON COLUMN owner_objects.name IS 'Name of the owner: reservations.owner_name.';
COMMENT ON COLUMN owner_objects.object_kind IS 'Kind of the object: VirtualMachine, VirtualMachineInstance, StatefulSet or IPAMClaim.';
COMMENT ON COLUMN owner_objects.object_name IS 'Name of the object.';
COMMENT ON COLUMN owner_objects.object_uid IS
    'UID of the object; NULL if its name alone counts, as for machines and StatefulSets. An object with another uid is another owner.';
COMMENT ON COLUMN owner_objects.noted_at IS 'When an ADD first noted it.';
COMMENT ON INDEX owner_objects_pkey IS 'One object for each owner; the controller reads those of its cluster.';
