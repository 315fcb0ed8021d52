{{- define "voucher.name" -}}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{- end -}}

{{- define "voucher.labels" -}}
app.kubernetes.io/name: voucher-operator
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/part-of: voucher-operator
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{/* component: dict "root" $ "component" "operator" */}}
{{- define "voucher.selector" -}}
app.kubernetes.io/name: voucher-operator
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "voucher.registry" -}}{{ with .Values.imageRegistry }}{{ trimSuffix "/" . }}/{{ end }}{{- end -}}

{{- define "voucher.image" -}}
{{- $image := .Values.image -}}
{{- include "voucher.registry" . }}{{ $image.repository }}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ $image.tag | default .Chart.AppVersion }}{{ end -}}
{{- end -}}

{{- define "voucher.pullSecrets" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end -}}

{{/* A policy is of the whole cluster; it binds where this operator works. */}}
{{- define "voucher.boundNamespaces" -}}
{{- with .Values.operator.watchNamespaces -}}
matchResources:
  namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: {{ toJson . }}}]}
{{- end -}}
{{- end -}}

{{- define "voucher.headroomPriorityClass" -}}
{{- .Values.app.headroomPriorityClassName | default (printf "%s-%s-headroom" .Release.Namespace (include "voucher.name" .)) -}}
{{- end -}}

{{/* How campaigns' pods fit into the cluster, as the operator is told it. */}}
{{- define "voucher.appPods" -}}
{{- $pods := dict "imagePullPolicy" .Values.image.pullPolicy "imagePullSecrets" .Values.imagePullSecrets
  "nodeSelector" .Values.app.nodeSelector "tolerations" .Values.app.tolerations "resources" .Values.app.resources
  "nodeLostTolerationSeconds" (int .Values.app.nodeLostTolerationSeconds) -}}
{{- $_ := set $pods "headroomPriorityClassName" (include "voucher.headroomPriorityClass" .) -}}
{{- with .Values.app.priorityClassName }}{{ $_ := set $pods "priorityClassName" . }}{{ end -}}
{{- toJson $pods -}}
{{- end -}}

{{/* What "restricted" asks of a pod and of a container. */}}
{{- define "voucher.podSecurity" -}}
securityContext:
  runAsNonRoot: true
  runAsUser: {{ . }}
  runAsGroup: {{ . }}
  fsGroup: {{ . }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- end -}}
{{- define "voucher.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end -}}

{{- define "voucher.natsName" -}}{{ include "voucher.name" . }}-nats{{- end -}}
{{- define "voucher.postgresName" -}}{{ include "voucher.name" . }}-postgres{{- end -}}
{{- define "voucher.setupName" -}}{{ include "voucher.name" . }}-setup{{- end -}}

{{/* tls://… of all servers, by the names that a certificate or a route would carry. */}}
{{- define "voucher.natsUrls" -}}
{{- $nats := include "voucher.natsName" . -}}
{{- range $i := until 3 }}{{ if $i }},{{ end }}tls://{{ $nats }}-{{ $i }}.{{ $nats }}.{{ $.Release.Namespace }}.svc:4222{{ end -}}
{{- end -}}
{{- define "voucher.natsMonitorUrls" -}}
{{- if .Values.dataPlane.embedded.enabled -}}
{{- $nats := include "voucher.natsName" . -}}
{{- range $i := until 3 }}{{ if $i }},{{ end }}http://{{ $nats }}-{{ $i }}.{{ $nats }}.{{ $.Release.Namespace }}.svc:8222{{ end -}}
{{- else -}}
{{- join "," .Values.dataPlane.external.monitorUrls -}}
{{- end -}}
{{- end -}}

{{/* Secret with the operator's own account on the journal. */}}
{{- define "voucher.operatorJournalSecret" -}}
{{- if .Values.dataPlane.embedded.enabled -}}
{{ include "voucher.name" . }}-journal
{{- else -}}
{{ required "dataPlane.external.operatorSecretName is not set: name a Secret with nats-url, nats-user and nats-password, or set dataPlane.embedded.enabled" .Values.dataPlane.external.operatorSecretName }}
{{- end -}}
{{- end -}}

{{/* Names of a Service, and with "pods" of the pods behind it, from within its namespace and from others; and the one that kubectl port-forward gives it. As JSON. */}}
{{- define "voucher.serviceNames" -}}
{{- $service := .service -}}
{{- $names := list "localhost" -}}
{{- range list "" (printf ".%s" .namespace) (printf ".%s.svc" .namespace) (printf ".%s.svc.cluster.local" .namespace) -}}
{{- $names = append $names (printf "%s%s" $service .) -}}
{{- if $.pods }}{{ $names = append $names (printf "*.%s%s" $service .) }}{{ end -}}
{{- end -}}
{{- toJson $names -}}
{{- end -}}

{{/* What the setup program is told: which accounts and Secrets there must be. */}}
{{- define "voucher.setupRequest" -}}
{{- $embedded := .Values.dataPlane.embedded -}}
{{- $campaigns := list -}}
{{- range $embedded.campaigns -}}
{{- $campaigns = append $campaigns (dict
  "campaignId" .campaignId
  "namespace" .namespace
  "dataPlaneSecretName" (.dataPlaneSecretName | default "voucher-data-plane")
  "privacySecretName" (.privacySecretName | default "voucher-privacy")) -}}
{{- end -}}
{{- toJson (dict
  "release" (include "voucher.name" .)
  "namespace" .Release.Namespace
  "natsUrls" (include "voucher.natsUrls" .)
  "natsNames" (fromJsonArray (include "voucher.serviceNames" (dict "service" (include "voucher.natsName" .) "namespace" .Release.Namespace "pods" true)))
  "postgresNames" (fromJsonArray (include "voucher.serviceNames" (dict "service" (include "voucher.postgresName" .) "namespace" .Release.Namespace)))
  "postgresHost" (printf "%s.%s.svc" (include "voucher.postgresName" .) .Release.Namespace)
  "campaigns" $campaigns) -}}
{{- end -}}

{{- define "voucher.dnsEgress" -}}
- ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]
{{- end -}}

{{/* Who may scrape: empty for everybody. The test of the installation always may. */}}
{{- define "voucher.monitoringPeers" -}}
{{- with .Values.networkPolicy.monitoringNamespaces -}}
- namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: {{ toJson . }}}]}
- podSelector:
    matchLabels: {{- include "voucher.selector" (dict "root" $ "component" "test") | nindent 6 }}
{{- end -}}
{{- end -}}

{{/* Who uses the data plane: one component of the release, campaigns' pods in their namespaces, and whom the values name. */}}
{{- define "voucher.dataPlaneClients" -}}
- podSelector:
    matchLabels: {{- include "voucher.selector" . | nindent 6 }}
{{- range .root.Values.dataPlane.embedded.campaigns }}
- namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: {{ .namespace }}}}
  podSelector: {matchLabels: {app.kubernetes.io/name: voucher-campaign, voucher-operator.io/campaign-id: {{ .campaignId | quote }}}}
{{- end }}
{{- with .root.Values.networkPolicy.extraDataPlaneClients }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* An image of the data plane: dict "root" $ "image" .image */}}
{{- define "voucher.dataPlaneImage" -}}
{{- include "voucher.registry" .root }}{{ .image.repository }}
{{- if .image.digest }}@{{ .image.digest }}{{ else }}:{{ .image.tag }}{{ end -}}
{{- end -}}
