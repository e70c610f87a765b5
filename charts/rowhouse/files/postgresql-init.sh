#!/bin/sh
# Runs once, on an empty volume: the roles of docs/dba.md, one login for migrations and one that
# has rowhouse_server alone.
set -eu
psql --set ON_ERROR_STOP=1 --no-psqlrc --username "${POSTGRES_USER:-postgres}" --dbname postgres \
  --set migrate_password="$MIGRATE_PASSWORD" --set server_password="$SERVER_PASSWORD" <<'SQL'
CREATE ROLE rowhouse_owner NOLOGIN;
CREATE ROLE rowhouse_server NOLOGIN;
CREATE ROLE rowhouse_auditor NOLOGIN;
CREATE ROLE rowhouse_migrate LOGIN PASSWORD :'migrate_password' IN ROLE rowhouse_owner;
CREATE ROLE rowhouse_app LOGIN PASSWORD :'server_password' IN ROLE rowhouse_server;
CREATE DATABASE rowhouse OWNER rowhouse_migrate;
REVOKE CONNECT, TEMPORARY ON DATABASE rowhouse FROM PUBLIC;
GRANT CONNECT ON DATABASE rowhouse TO rowhouse_server, rowhouse_auditor;
SQL
