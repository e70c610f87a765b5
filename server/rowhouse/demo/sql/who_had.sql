-- Who had the address at that time?
SELECT address, namespace, name, node, held_from::timestamptz(3), held_until::timestamptz(3)
  FROM rowhouse.who_had('10.11.88.98', :'at');
