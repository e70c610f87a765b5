-- Tables of the same form as ours, without triggers.
CREATE SEQUENCE floor_numbers;
CREATE TABLE floor_row (
    network_id int, address inet, owner_namespace text, owner_name text, owner_interface text, node text,
    container_id text, at timestamptz DEFAULT clock_timestamp(), PRIMARY KEY (network_id, address));
CREATE TABLE floor_reservations (LIKE rowhouse.reservations INCLUDING ALL);
CREATE TABLE floor_attachments (LIKE rowhouse.attachments INCLUDING ALL,
    FOREIGN KEY (network_id, address) REFERENCES floor_reservations);
CREATE TABLE floor_tenures (LIKE rowhouse.tenures INCLUDING ALL);
