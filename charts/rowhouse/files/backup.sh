#!/bin/sh
# A dump appears under its name only when it is whole and can be listed.
set -eu
new="$BACKUP_DIR/.$$.part"
trap 'rm -f "$new"' EXIT
pg_dump --format custom --no-owner --file "$new" "$ROWHOUSE_DATABASE_URL"
pg_restore --list "$new" >/dev/null
sync "$new"
mv "$new" "$BACKUP_DIR/rowhouse-$(date -u +%Y%m%dT%H%M%SZ).dump"
ls -1 "$BACKUP_DIR"/rowhouse-*.dump | sort -r | tail -n "+$((BACKUP_KEEP + 1))" | xargs -r rm -f
