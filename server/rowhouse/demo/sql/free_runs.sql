-- Free space is kept as runs, and not as a row for each address. It belongs to the CIDR; which part
-- of it may be assigned is the caller's range_start and range_end.
SELECT first, last
  FROM rowhouse.free_ranges
 ORDER BY first;
