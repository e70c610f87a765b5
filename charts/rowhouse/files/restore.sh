#!/bin/sh
# Puts a dump in the place of the schema. What was there stays, under another name: nothing is lost by a
# mistake. All in one transaction: either it is done or nothing has changed.
set -eu
umask 077
dump="${RESTORE_FILE:-$(cd "$BACKUP_DIR" && ls -1 rowhouse-*.dump 2>/dev/null | sort -r | head -n 1)}"
[ -n "$dump" ] || { echo "no dump in $BACKUP_DIR"; exit 1; }
case $dump in /*) ;; *) dump="$BACKUP_DIR/$dump" ;; esac
sql() { psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 "$ROWHOUSE_DATABASE_URL" "$@"; }

# A server that goes on assigning addresses would do so from rows that are about to be replaced.
users=$(sql --command "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
  AND application_name = 'rowhouse' AND pid <> pg_backend_pid()")
[ "$users" = 0 ] || { echo "$users connections of servers or controllers: scale them to 0 first"; exit 1; }

# Whole, before the database hears a word of it.
script="$BACKUP_DIR/.$$.sql"
trap 'rm -f "$script"' EXIT
pg_restore --no-owner --file "$script" "$dump"

aside="rowhouse_before_$(date -u +%Y%m%dt%H%M%Sz)"
sql --single-transaction --output /dev/null --command "DO \$\$ BEGIN
    IF to_regnamespace('rowhouse') IS NOT NULL THEN ALTER SCHEMA rowhouse RENAME TO $aside; END IF;
  END \$\$" --file "$script"
echo "$dump is restored: $(sql --command "SELECT count(*) FROM rowhouse.reservations") reservations"
echo "what was there before, if anything, is in the schema $aside: DROP SCHEMA $aside CASCADE"
