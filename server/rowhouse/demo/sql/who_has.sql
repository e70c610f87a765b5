-- Who has it now?
SELECT address, namespace, name
  FROM rowhouse.who_had('10.11.88.98');
