{{- define "rowhouse.name" -}}
{{- if contains "rowhouse" .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-rowhouse" .Release.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "rowhouse.selector" -}}
app.kubernetes.io/name: rowhouse
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "rowhouse.meta" -}}
name: {{ include "rowhouse.name" .root }}{{ if .suffix }}-{{ .suffix }}{{ end }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "rowhouse.selector" . | nindent 2 }}
  app.kubernetes.io/managed-by: {{ .root.Release.Service }}
  app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
  helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "rowhouse.image" -}}
{{- with .Values.image }}{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}{{ end }}
{{- end }}

{{- define "rowhouse.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "rowhouse.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "rowhouse.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "rowhouse.databaseSecret" -}}
{{- if .Values.postgresql.enabled }}{{ include "rowhouse.name" . }}-database{{ else }}{{ required "externalDatabase.existingSecret is missing: name a Secret with the keys server-url and migrate-url, or set postgresql.enabled=true" .Values.externalDatabase.existingSecret }}{{ end }}
{{- end }}

{{- define "rowhouse.databaseUrl" -}}
- name: ROWHOUSE_DATABASE_URL
  valueFrom: {secretKeyRef: {name: {{ include "rowhouse.databaseSecret" .root }}, key: {{ .key }}}}
{{- end }}

{{- define "rowhouse.tlsSecret" -}}
{{- .Values.tls.existingSecret | default (printf "%s-tls" (include "rowhouse.name" .)) }}
{{- end }}

{{- define "rowhouse.waitForSchema" -}}
- name: wait-for-schema
  image: {{ include "rowhouse.image" . }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  command: [sh, -c, "until rowhouse db check; do sleep 2; done"]
  env:
    {{- include "rowhouse.databaseUrl" (dict "root" . "key" "server-url") | nindent 4 }}
  securityContext:
    {{- include "rowhouse.containerSecurity" . | nindent 4 }}
  resources: {requests: {cpu: 10m, memory: 64Mi}, limits: {memory: 256Mi}}
{{- end }}
