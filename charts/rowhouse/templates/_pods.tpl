{{- /* What all pods share. Each template takes a dict: `root`, `part`, and `values`, the values of the part. */ -}}

{{- define "rowhouse.podMeta" -}}
labels:
  {{- toYaml (merge (include "rowhouse.selector" . | fromYaml) .root.Values.commonLabels) | nindent 2 }}
{{- with merge (dict) .values.podAnnotations .root.Values.podAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "rowhouse.placement" -}}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- $affinity := deepCopy (.values.affinity | default dict) }}
{{- if has .part (list "server" "controller") }}
{{- /*
Replicas avoid each other's nodes and zones. A spread constraint by zone does not work: the scheduler ignores all
constraints of a pod for nodes without that label, such as on bare metal.
*/}}
{{- $selector := dict "matchLabels" (include "rowhouse.selector" . | fromYaml) }}
{{- $preferred := dig "podAntiAffinity" "preferredDuringSchedulingIgnoredDuringExecution" list $affinity }}
{{- range $key, $weight := dict "kubernetes.io/hostname" 100 "topology.kubernetes.io/zone" 50 }}
{{- $preferred = append $preferred (dict "weight" $weight "podAffinityTerm" (dict "topologyKey" $key "labelSelector" $selector)) }}
{{- end }}
{{- $affinity = mergeOverwrite $affinity (dict "podAntiAffinity" (dict "preferredDuringSchedulingIgnoredDuringExecution" $preferred)) }}
{{- end }}
{{- with $affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* Pod Security Standard "restricted", with a user id. */ -}}
{{- define "rowhouse.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "rowhouse.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "rowhouse.spread" -}}
- maxSkew: 1
  topologyKey: kubernetes.io/hostname
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "rowhouse.selector" . | nindent 6 }}
{{- end }}

{{- /* Logins through an OpenID Connect provider: variables, mounts and volumes of the server. */ -}}
{{- define "rowhouse.oidcEnv" -}}
{{- with .Values.oidc }}{{ if .issuer }}
- {name: ROWHOUSE_OIDC_ISSUER, value: {{ include "rowhouse.verbatim" .issuer | quote }}}
- {name: ROWHOUSE_OIDC_CLIENT_ID, value: {{ include "rowhouse.verbatim" .clientId | quote }}}
- {name: ROWHOUSE_OIDC_ROLES, value: {{ .roles | toJson | include "rowhouse.verbatim" | quote }}}
- {name: ROWHOUSE_OIDC_ROLE_CLAIM, value: {{ include "rowhouse.verbatim" .roleClaim | quote }}}
- {name: ROWHOUSE_OIDC_NAME_CLAIM, value: {{ include "rowhouse.verbatim" .nameClaim | quote }}}
- {name: ROWHOUSE_OIDC_SCOPES, value: {{ include "rowhouse.verbatim" .scopes | quote }}}
{{- if .existingSecret }}
- {name: ROWHOUSE_OIDC_CLIENT_SECRET_FILE, value: /etc/rowhouse/oidc/client-secret}
{{- end }}
{{- if .caSecret }}
- {name: ROWHOUSE_OIDC_CA_FILE, value: /etc/rowhouse/oidc-ca/ca.crt}
{{- end }}
{{- end }}{{ end }}
{{- end }}

{{- define "rowhouse.oidcMount" -}}
{{- with .Values.oidc }}{{ if .issuer }}
{{- if .existingSecret }}
- {name: oidc, mountPath: /etc/rowhouse/oidc, readOnly: true}
{{- end }}
{{- if .caSecret }}
- {name: oidc-ca, mountPath: /etc/rowhouse/oidc-ca, readOnly: true}
{{- end }}
{{- end }}{{ end }}
{{- end }}

{{- define "rowhouse.oidcVolume" -}}
{{- with .Values.oidc }}{{ if .issuer }}
{{- with .existingSecret }}
- {name: oidc, secret: {secretName: {{ . }}, items: [{key: client-secret, path: client-secret}]}}
{{- end }}
{{- with .caSecret }}
- {name: oidc-ca, secret: {secretName: {{ . }}, items: [{key: ca.crt, path: ca.crt}]}}
{{- end }}
{{- end }}{{ end }}
{{- end }}

{{- /*
A text that reaches a container unchanged. In commands, arguments and variables, the kubelet turns `$$` into `$` and
`$(NAME)` into a variable's value (Kubernetes docs, "Define Dependent Environment Variables").
*/ -}}
{{- define "rowhouse.verbatim" -}}
{{- toString . | replace "$" "$$" -}}
{{- end }}

{{- /* A container that waits until the schema is migrated. */ -}}
{{- define "rowhouse.waitForSchema" -}}
- name: wait-for-schema
  {{- include "rowhouse.image" . | nindent 2 }}
  # After this time it exits with the reason and the kubelet restarts it, so `kubectl get pods` shows the wait.
  command: [rowhouse, db, check, --wait={{ .Values.migrate.wait }}]
  env:
    {{- include "rowhouse.databaseEnv" (dict "root" . "role" "server") | nindent 4 }}
  securityContext:
    {{- include "rowhouse.containerSecurity" . | nindent 4 }}
  resources: {requests: {cpu: 10m, memory: 64Mi}, limits: {memory: 256Mi}}
  volumeMounts:
    - {name: tmp, mountPath: /tmp}
    {{- include "rowhouse.databaseMount" . | nindent 4 }}
{{- end }}
