-- This view checks what the schema guarantees. It is always empty.
SELECT problem, address
  FROM rowhouse.integrity_problems;
