{{- /*
The database settings of a part: `root`, its `role` ("server" or "migrate"), and whether the connection must be
`direct`, without PgBouncer. The chart's URLs contain no passwords, so passwords need no escaping. Long-running parts
log in as "server" and read a mounted file for each connection, so a rotated Secret needs no restart. Jobs log in as
"migrate" and get the current Secret in a variable, because pg_dump and psql read PGPASSWORD.
*/ -}}
{{- define "rowhouse.databaseEnv" -}}
{{- $root := .root -}}
{{- $name := include "rowhouse.name" $root -}}
{{- $url := include "rowhouse.databaseUrl" . -}}
{{- $key := printf "%s-url" (ternary "direct" .role (and (.direct | default false) $root.Values.externalDatabase.directUrl)) -}}
{{- $files := "/etc/rowhouse/database-login" -}}
{{- if and $url (eq .role "server") }}
- {name: ROWHOUSE_DATABASE_URL, value: {{ include "rowhouse.verbatim" $url | quote }}}
- {name: ROWHOUSE_DATABASE_PASSWORD_FILE, value: {{ $files }}/password}
{{- else if $url }}
- {name: ROWHOUSE_DATABASE_URL, value: {{ include "rowhouse.verbatim" $url | quote }}}
{{- if $root.Values.cloudnativepg.enabled }}
- {name: PGPASSWORD, valueFrom: {secretKeyRef: {name: {{ $name }}-database-login-{{ .role }}, key: password}}}
{{- else }}
- {name: PGPASSWORD, valueFrom: {secretKeyRef: {name: {{ include "rowhouse.databaseSecret" $root }}, key: {{ .role }}-password}}}
{{- end }}
{{- else if eq .role "server" }}
- {name: ROWHOUSE_DATABASE_URL_FILE, value: {{ $files }}/{{ $key }}}
{{- else }}
- {name: ROWHOUSE_DATABASE_URL, valueFrom: {secretKeyRef: {name: {{ include "rowhouse.databaseSecret" $root }}, key: {{ $key }}}}}
{{- end }}
{{- end }}

{{- /* Empty if a Secret of the user has the whole URL. */ -}}
{{- define "rowhouse.databaseUrl" -}}
{{- $root := .root -}}
{{- $name := include "rowhouse.name" $root -}}
{{- $external := $root.Values.externalDatabase -}}
{{- $user := ternary "rowhouse_app" "rowhouse_migrate" (eq .role "server") -}}
{{- $ca := "sslmode=verify-full&sslrootcert=/etc/rowhouse/database/ca.crt" -}}
{{- if $root.Values.cloudnativepg.enabled -}}
postgresql://{{ $user }}@{{ $name }}-database-rw.{{ $root.Release.Namespace }}.svc:5432/rowhouse?{{ $ca }}
{{- else if $root.Values.postgresql.enabled -}}
postgresql://{{ $user }}@{{ $name }}-postgresql.{{ $root.Release.Namespace }}.svc:5432/rowhouse{{ if $root.Values.postgresql.tls.enabled }}?{{ $ca }}{{ end }}
{{- else if $external.host -}}
{{- $user := ternary $external.serverUser $external.migrateUser (eq .role "server") -}}
{{- $hosts := list -}}
{{- $host := ternary ($external.directHost | default $external.host) $external.host (or (eq .role "migrate") (.direct | default false)) -}}
{{- range splitList "," $host }}{{ $hosts = append $hosts (printf "%s:%d" (trim .) (int $external.port)) }}{{ end -}}
{{- $parameters := list -}}
{{- if gt (len $hosts) 1 }}{{ $parameters = append $parameters "target_session_attrs=read-write" }}{{ end -}}
{{- with $external.parameters }}{{ if not (and $external.caSecret (eq . "sslmode=require")) }}{{ $parameters = append $parameters . }}{{ end }}{{ end -}}
{{- if $external.caSecret }}{{ $parameters = append $parameters $ca }}{{ end -}}
postgresql://{{ $user | urlquery }}@{{ join "," $hosts }}/{{ $external.database }}{{ with $parameters }}?{{ join "&" . }}{{ end }}
{{- end -}}
{{- end }}

{{- /* The Secret with the passwords, or with the URLs. */ -}}
{{- define "rowhouse.databaseSecret" -}}
{{- $name := include "rowhouse.name" . -}}
{{- if .Values.postgresql.enabled }}{{ .Values.postgresql.existingSecret | default (printf "%s-database" $name) }}{{ else }}{{ .Values.externalDatabase.existingSecret | default (printf "%s-external-database" $name) }}{{ end -}}
{{- end }}

{{- /* The database with the addresses, as far as the chart can tell. An upgrade to another one would lose them. */ -}}
{{- define "rowhouse.databaseIdentity" -}}
{{- $name := include "rowhouse.name" . -}}
{{- if .Values.cloudnativepg.enabled -}}
Cluster {{ $name }}-database of CloudNativePG
{{- else if .Values.postgresql.enabled -}}
bundled PostgreSQL, StatefulSet {{ include "rowhouse.postgresqlName" . }}
{{- else -}}
PostgreSQL of yours
{{- end -}}
{{- end }}

{{- /* The StatefulSet of bundled PostgreSQL. Without a volume it has another name, because volumes cannot be added. */ -}}
{{- define "rowhouse.postgresqlName" -}}
{{ include "rowhouse.name" . }}-postgresql{{ if .Values.postgresql.ephemeral }}-ephemeral{{ end }}
{{- end }}

{{- /* The spec of a volume claim: `size`, `storageClass`, and `live`, the current spec, whose class is kept. */ -}}
{{- define "rowhouse.claimSpec" -}}
accessModes: [ReadWriteOnce]
{{- with ternary .live.storageClassName .storageClass (hasKey .live "accessModes") }}
storageClassName: {{ . }}
{{- end }}
resources: {requests: {storage: {{ .size }}}}
{{- end }}

{{- /* A size such as 8Gi in bytes, for comparisons. */ -}}
{{- define "rowhouse.bytes" -}}
{{- $units := dict "" 1 "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 -}}
{{- $unit := regexFind "[A-Za-z]*$" . -}}
{{- mulf (regexFind "^[0-9.]+" . | float64) (get $units $unit | default 1 | float64) | int64 -}}
{{- end }}

{{- define "rowhouse.databaseCASecret" -}}
{{- if .Values.cloudnativepg.enabled }}{{ include "rowhouse.name" . }}-database-ca{{ else if .Values.postgresql.enabled }}{{ include "rowhouse.postgresqlTLSSecret" . }}{{ else }}{{ .Values.externalDatabase.caSecret }}{{ end -}}
{{- end }}

{{- /* The Secret with the certificate of bundled PostgreSQL and its authority; empty without TLS. */ -}}
{{- define "rowhouse.postgresqlTLSSecret" -}}
{{- with .Values.postgresql.tls }}{{ if .enabled }}{{ .existingSecret | default (printf "%s-postgresql-tls" (include "rowhouse.name" $)) }}{{ end }}{{ end -}}
{{- end }}

{{- /* The mounts of parts that log in as "server": certificate authority and login. */ -}}
{{- define "rowhouse.databaseMount" -}}
{{- include "rowhouse.databaseCAMount" . }}
- {name: database-login, mountPath: /etc/rowhouse/database-login, readOnly: true}
{{- end }}

{{- define "rowhouse.databaseVolume" -}}
{{- include "rowhouse.databaseCAVolume" . }}
- name: database-login
  secret:
    secretName: {{ if .Values.cloudnativepg.enabled }}{{ include "rowhouse.name" . }}-database-login-server{{ else }}{{ include "rowhouse.databaseSecret" . }}{{ end }}
    items:
      {{- if .Values.cloudnativepg.enabled }}
      - {key: password, path: password}
      {{- else if include "rowhouse.databaseUrl" (dict "root" . "role" "server") }}
      - {key: server-password, path: password}
      {{- else }}
      - {key: server-url, path: server-url}
      {{- if .Values.externalDatabase.directUrl }}
      - {key: direct-url, path: direct-url}
      {{- end }}
      {{- end }}
{{- end }}

{{- define "rowhouse.databaseCAMount" -}}
{{- if include "rowhouse.databaseCASecret" . }}
- {name: database-ca, mountPath: /etc/rowhouse/database, readOnly: true}
{{- end }}
{{- end }}

{{- define "rowhouse.databaseCAVolume" -}}
{{- with include "rowhouse.databaseCASecret" . }}
- {name: database-ca, secret: {secretName: {{ . }}, items: [{key: ca.crt, path: ca.crt}]}}
{{- end }}
{{- end }}

{{- /* The password in the Secret of the cluster, else a new one. `secret` is its data. */ -}}
{{- define "rowhouse.keptPassword" -}}
{{- get (.secret | default dict) .key | b64dec | default (randAlphaNum 32) -}}
{{- end }}
