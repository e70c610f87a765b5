{{- /*
How a part reaches the database: `root`, the `role` it plays, "server" or "migrate", and whether it has to be
`direct`, not by PgBouncer. Passwords are
in no URL of ours: libpq takes PGPASSWORD, so that no character of them has to be escaped.
*/ -}}
{{- define "rowhouse.databaseEnv" -}}
{{- $root := .root -}}
{{- $name := include "rowhouse.name" $root -}}
{{- $external := $root.Values.externalDatabase -}}
{{- $url := include "rowhouse.databaseUrl" . -}}
{{- if $url }}
- {name: ROWHOUSE_DATABASE_URL, value: {{ include "rowhouse.verbatim" $url | quote }}}
{{- if $root.Values.cloudnativepg.enabled }}
- {name: PGPASSWORD, valueFrom: {secretKeyRef: {name: {{ $name }}-database-{{ .role }}, key: password}}}
{{- else }}
- {name: PGPASSWORD, valueFrom: {secretKeyRef: {name: {{ include "rowhouse.databaseSecret" $root }}, key: {{ .role }}-password}}}
{{- end }}
{{- else }}
- {name: ROWHOUSE_DATABASE_URL, valueFrom: {secretKeyRef: {name: {{ include "rowhouse.databaseSecret" $root }}, key: {{ ternary "direct" .role (and (.direct | default false) $external.directUrl) }}-url}}}
{{- end }}
{{- end }}

{{- /* Empty where a Secret of the user's has the whole URL. */ -}}
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
{{- $own := printf "%s-database" (include "rowhouse.name" .) -}}
{{- if .Values.postgresql.enabled }}{{ .Values.postgresql.existingSecret | default $own }}{{ else }}{{ .Values.externalDatabase.existingSecret | default $own }}{{ end -}}
{{- end }}

{{- define "rowhouse.databaseCASecret" -}}
{{- if .Values.cloudnativepg.enabled }}{{ include "rowhouse.name" . }}-database-ca{{ else if .Values.postgresql.enabled }}{{ include "rowhouse.postgresqlTLSSecret" . }}{{ else }}{{ .Values.externalDatabase.caSecret }}{{ end -}}
{{- end }}

{{- /* The Secret with the certificate of bundled PostgreSQL and its authority; empty without TLS. */ -}}
{{- define "rowhouse.postgresqlTLSSecret" -}}
{{- with .Values.postgresql.tls }}{{ if .enabled }}{{ .existingSecret | default (printf "%s-postgresql-tls" (include "rowhouse.name" $)) }}{{ end }}{{ end -}}
{{- end }}

{{- define "rowhouse.databaseMount" -}}
{{- if include "rowhouse.databaseCASecret" . }}
- {name: database-ca, mountPath: /etc/rowhouse/database, readOnly: true}
{{- end }}
{{- end }}

{{- define "rowhouse.databaseVolume" -}}
{{- with include "rowhouse.databaseCASecret" . }}
- {name: database-ca, secret: {secretName: {{ . }}, items: [{key: ca.crt, path: ca.crt}]}}
{{- end }}
{{- end }}

{{- /* A password: what the Secret in the cluster has, else a new one. `secret` is its data. */ -}}
{{- define "rowhouse.keptPassword" -}}
{{- get (.secret | default dict) .key | b64dec | default (randAlphaNum 32) -}}
{{- end }}
