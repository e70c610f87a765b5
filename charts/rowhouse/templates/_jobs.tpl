{{- /*
A Job of one revision: `root`, `part`, its `spec` as text, and `keep`, whether earlier complete Jobs stay. A Job is
immutable, so its name has a digest of its spec. Tools that render without revisions, such as Argo CD, create a new Job
when the spec changes.

Helm forgets the Job of a failed upgrade. So Jobs belong to a service account of the release, and Kubernetes removes
them with it. The first revision's Job cannot, because the account is created with it; later revisions render it again
unchanged once it is complete. Other unfinished or failed Jobs are removed when an upgrade succeeds, as Helm does.
*/ -}}
{{- define "rowhouse.job" -}}
{{- $root := .root -}}
{{- $part := .part -}}
{{- $turn := printf "%d %s" $root.Release.Revision .spec | sha256sum | trunc 8 -}}
{{- $jobs := dict (printf "%s-%s-%s" (include "rowhouse.name" $root) $part $turn) .spec -}}
{{- $ours := include "rowhouse.selector" . | fromYaml -}}
{{- range (lookup "batch/v1" "Job" $root.Release.Namespace "").items -}}
{{- $labels := .metadata.labels | default dict -}}
{{- $isOurs := eq (toJson $ours) (toJson (pick $labels "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/component")) -}}
{{- $isComplete := false -}}
{{- range (.status | default dict).conditions }}{{ if and (eq .type "Complete") (eq .status "True") }}{{ $isComplete = true }}{{ end }}{{ end -}}
{{- $spec := get (.metadata.annotations | default dict) "rowhouse.io/spec" -}}
{{- if and $.keep $isOurs $isComplete $spec (not .metadata.deletionTimestamp) }}{{ $_ := set $jobs .metadata.name $spec }}{{ end -}}
{{- end -}}
{{- $account := lookup "v1" "ServiceAccount" $root.Release.Namespace (printf "%s-server" (include "rowhouse.name" $root)) -}}
{{- range $name, $spec := $jobs }}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ $name }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "rowhouse.labels" (dict "root" $root "part" $part) | nindent 4 }}
  annotations:
    rowhouse.io/spec: {{ $spec | quote }}
  {{- with $account.metadata }}
  ownerReferences:
    - {apiVersion: v1, kind: ServiceAccount, name: {{ .name }}, uid: {{ .uid }}}
  {{- end }}
spec:
  {{- $spec | nindent 2 }}
{{- end }}
{{- end }}
