-- The complete history of this CIDR.
SELECT address, namespace, name, start_reason, held_from::timestamptz(3), end_reason, held_until::timestamptz(3)
  FROM rowhouse.address_history
 WHERE address <<= '10.11.88.96/28'
 ORDER BY held_from;
