{{- /* The name of the release's objects. It is short, because Service names are limited and get suffixes. */ -}}
{{- define "rowhouse.name" -}}
{{- $chart := .Values.nameOverride | default .Chart.Name -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains $chart .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $chart | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{- /* The name of cluster-scoped objects. */ -}}
{{- define "rowhouse.clusterName" -}}
{{- printf "%s-%s" .Release.Namespace (include "rowhouse.name" .) -}}
{{- end }}

{{- /* The labels that select the pods of a part: `root`, `part`. No value affects them, because selectors are immutable. */ -}}
{{- define "rowhouse.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- /* Labels of an object. Those of the selector override the user's. */ -}}
{{- define "rowhouse.labels" -}}
{{- $ours := include "rowhouse.selector" . | fromYaml -}}
{{- $fixed := dict "app.kubernetes.io/managed-by" .root.Release.Service "app.kubernetes.io/version" .root.Chart.AppVersion "app.kubernetes.io/part-of" "rowhouse" "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version) -}}
{{- toYaml (merge $ours $fixed .root.Values.commonLabels) -}}
{{- end }}

{{- /* The metadata of an object: `root`, `part`, and a `suffix` for its name. */ -}}
{{- define "rowhouse.meta" -}}
name: {{ include "rowhouse.name" .root }}{{ with .suffix }}-{{ . }}{{ end }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "rowhouse.labels" . | nindent 2 }}
{{- end }}

{{- define "rowhouse.clusterMeta" -}}
name: {{ include "rowhouse.clusterName" .root }}{{ with .suffix }}-{{ . }}{{ end }}
labels:
  {{- include "rowhouse.labels" . | nindent 2 }}
{{- end }}

{{- /* An image: `image` has registry, repository, tag and digest; `tag` is the default. */ -}}
{{- define "rowhouse.imageName" -}}
{{- with .image.registry }}{{ . }}/{{ end }}{{ .image.repository }}{{ if .image.digest }}@{{ .image.digest }}{{ else }}:{{ .image.tag | default .tag }}{{ end -}}
{{- end }}

{{- define "rowhouse.image" -}}
image: {{ include "rowhouse.imageName" (dict "image" .Values.image "tag" .Chart.AppVersion) }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- end }}

{{- define "rowhouse.postgresqlImage" -}}
image: {{ include "rowhouse.imageName" (dict "image" .Values.postgresql.image "tag" "18") }}
imagePullPolicy: {{ .Values.postgresql.image.pullPolicy }}
{{- end }}

{{- /* The server's host name, also in its certificate. */ -}}
{{- define "rowhouse.serverName" -}}
{{ include "rowhouse.name" . }}.{{ .Release.Namespace }}.svc
{{- end }}

{{- define "rowhouse.tlsSecret" -}}
{{- /* cert-manager and the chart use different Secrets, because neither adopts one that the other created. */ -}}
{{- .Values.tls.existingSecret | default (printf "%s-%s" (include "rowhouse.name" .) (ternary "certificate" "tls" .Values.tls.certManager.enabled)) -}}
{{- end }}
