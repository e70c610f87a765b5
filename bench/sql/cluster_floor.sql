-- The floor of an import: the same rows as INSERTs alone, into tables of the same form with the same keys and the same
-- exclusion constraint, without triggers and without a look at what is free.
CREATE SCHEMA floor;
CREATE TABLE floor.reservations (LIKE rowhouse.reservations INCLUDING ALL);
CREATE TABLE floor.attachments (LIKE rowhouse.attachments INCLUDING ALL);
CREATE TABLE floor.tenures (LIKE rowhouse.tenures INCLUDING ALL);
