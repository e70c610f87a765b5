#!/bin/sh
# Dumps the schema. A dump appears under its name only when it is whole and can be listed.
set -eu
umask 077
new="$BACKUP_DIR/.$$.part"
trap 'rm -f "$new"' EXIT
pg_dump --format custom --schema rowhouse --no-owner --lock-wait-timeout 60s --file "$new" "$ROWHOUSE_DATABASE_URL"
pg_restore --list "$new" >/dev/null
sync "$new"
name="rowhouse-$(date -u +%Y%m%dT%H%M%SZ).dump"
mv "$new" "$BACKUP_DIR/$name"
sync "$BACKUP_DIR"
echo "$name: $(wc -c <"$BACKUP_DIR/$name") bytes"
# The oldest go only after the new one is safe.
ls -1 "$BACKUP_DIR"/rowhouse-*.dump | sort -r | tail -n "+$((BACKUP_KEEP + 1))" | xargs -r rm -f
