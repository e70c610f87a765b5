-- What the schema promises can be asked at any time: this view is always empty.
SELECT problem, address
  FROM rowhouse.integrity_problems;
