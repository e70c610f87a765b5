\set u random(1, 1000000000000000000)
SELECT * FROM rowhouse.attach_v1('', 'node1', 'c-' || :client_id || '-' || :u, 'net1', 'mynet', 'default', 'pod-' || :client_id || '-' || :u, 'uid', false, NULL,
    array['']::text[], array['10.0.0.0/8']::cidr[], array[NULL]::text[], array[false], array[NULL]::inet[], array[0], array[NULL]::int[], array[1], array['10.0.0.1']::inet[], array['10.255.255.254']::inet[], false);
SELECT * FROM rowhouse.detach_many_v1(array[''], array['c-' || :client_id || '-' || :u], array['net1'], array[NULL]::text[], 'DEL');
