{{/* For names of Services and StatefulSets: a DNS label that begins with a letter, unlike a release's name. */}}
{{- define "voucher.name" -}}
{{- $name := .Release.Name | replace "." "-" -}}
{{- if regexMatch "^[0-9]" $name }}{{ $name = printf "v%s" $name }}{{ end -}}
{{- $name | trunc 40 | regexFind "^.*[a-z0-9]" -}}
{{- end -}}

{{/*
A valid label value: letters, digits and "-_.", at most 63 characters, with a letter or digit at both ends. A version may contain a
"+" (0.1.0+9f3c2a1, as Flux packages charts), which Helm's registries write as "_".
*/}}
{{- define "voucher.labelValue" -}}
{{- . | toString | replace "+" "_" | trunc 63 | regexFind "^[A-Za-z0-9](.*[A-Za-z0-9])?" -}}
{{- end -}}

{{/* Labels of objects other than pods: a version in pod labels would restart unchanged pods at each upgrade. */}}
{{- define "voucher.labels" -}}
{{ include "voucher.podLabels" . }}
app.kubernetes.io/version: {{ include "voucher.labelValue" .Chart.AppVersion | quote }}
helm.sh/chart: {{ include "voucher.labelValue" (printf "%s-%s" .Chart.Name .Chart.Version) | quote }}
{{- end -}}

{{/*
Metadata of an object: dict "root" $ "name" NAME. "namespace": the release's unless given; empty for an object of the cluster.
"annotations": text, optional. More labels may follow.
*/}}
{{- define "voucher.metadata" -}}
{{- $namespace := ternary .namespace .root.Release.Namespace (hasKey . "namespace") -}}
name: {{ .name }}
{{- with $namespace }}
namespace: {{ . }}
{{- end }}
{{- with .annotations }}
annotations: {{- . | nindent 2 }}
{{- end }}
labels: {{- include "voucher.labels" .root | nindent 2 }}
{{- end -}}

{{- define "voucher.podLabels" -}}
app.kubernetes.io/name: voucher-operator
app.kubernetes.io/instance: {{ include "voucher.labelValue" .Release.Name | quote }}
app.kubernetes.io/part-of: voucher-operator
app.kubernetes.io/managed-by: {{ include "voucher.labelValue" .Release.Service | quote }}
{{- end -}}

{{/* component: dict "root" $ "component" "operator" */}}
{{- define "voucher.selector" -}}
app.kubernetes.io/name: voucher-operator
app.kubernetes.io/instance: {{ include "voucher.labelValue" .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "voucher.registry" -}}{{ with .Values.imageRegistry }}{{ trimSuffix "/" . }}/{{ end }}{{- end -}}

{{- define "voucher.image" -}}
{{- $image := .Values.image -}}
{{- include "voucher.registry" . }}{{ $image.repository }}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ $image.tag | default (replace "+" "_" .Chart.AppVersion) }}{{ end -}}
{{- end -}}

{{- define "voucher.pullSecrets" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end -}}

{{/*
Metadata of a pod: dict "root" $ "settings" SECTION "component" NAME "annotations" DICT (the chart's own, optional).
A SECTION of the values may have podLabels and podAnnotations; the chart's own labels take precedence.
*/}}
{{- define "voucher.podMetadata" -}}
{{- $own := fromYaml (include "voucher.podLabels" .root) -}}
{{- $_ := set $own "app.kubernetes.io/component" .component -}}
labels: {{- toYaml (merge $own (.settings.podLabels | default dict)) | nindent 2 }}
{{- with merge (deepCopy (.annotations | default dict)) (.settings.podAnnotations | default dict) }}
annotations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/*
Scheduling and user of a pod: dict "root" $ "settings" SECTION "component" NAME "user" ID "affinity" DICT "spread" LIST.
Affinity and spread are defaults for what the values leave out; affinity per kind.
*/}}
{{- define "voucher.placement" -}}
{{- $selector := fromYaml (include "voucher.selector" .) -}}
{{- include "voucher.pullSecrets" .root }}
{{- with .settings.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .settings.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- $affinity := deepCopy (.settings.affinity | default dict) -}}
{{- range $kind, $terms := .affinity -}}
{{- if not (hasKey $affinity $kind) }}{{ $_ := set $affinity $kind $terms }}{{ end -}}
{{- end }}
{{- with $affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .settings.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .settings.topologySpreadConstraints | default .spread }}
topologySpreadConstraints:
{{- range . }}
  - {{- toYaml (merge (dict) . (dict "labelSelector" (dict "matchLabels" $selector))) | nindent 4 }}
{{- end }}
{{- end }}
{{ include "voucher.podSecurity" (dict "root" .root "user" .user) }}
{{- end -}}

{{/* Settings of hooks and tests: empty ones are those of the operator. */}}
{{- define "voucher.setupSettings" -}}
{{- $settings := deepCopy .Values.setup -}}
{{- range list "nodeSelector" "affinity" "tolerations" "priorityClassName" "podAnnotations" "podLabels" -}}
{{- if not (index $settings .) }}{{ $_ := set $settings . (index $.Values.operator .) }}{{ end -}}
{{- end -}}
{{- toJson $settings -}}
{{- end -}}

{{/* Binds a ValidatingAdmissionPolicy to the namespaces that the operator watches: dict "root" $ "name" POLICY */}}
{{- define "voucher.policyBinding" -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {{- include "voucher.metadata" (dict "root" .root "name" .name "namespace" "") | nindent 2 }}
spec:
  policyName: {{ .name }}
  validationActions: [Deny]
  {{- with .root.Values.operator.watchNamespaces }}
  matchResources:
    namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: {{ toJson . }}}]}
  {{- end }}
{{- end -}}

{{/* A RoleBinding or ClusterRoleBinding for a ServiceAccount of the release: dict "kind" ROLE_KIND "account" NAME, and as for metadata. */}}
{{- define "voucher.roleBinding" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}Binding
metadata: {{- include "voucher.metadata" . | nindent 2 }}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: {{ .kind }}, name: {{ .name }}}
subjects:
  - {kind: ServiceAccount, name: {{ .account }}, namespace: {{ .root.Release.Namespace }}}
{{- end -}}

{{- define "voucher.headroomPriorityClass" -}}
{{- .Values.app.headroomPriorityClassName | default (printf "%s-%s-headroom" .Release.Namespace (include "voucher.name" .)) -}}
{{- end -}}

{{/* Settings of campaigns' pods, for the operator. */}}
{{- define "voucher.appPods" -}}
{{- $app := .Values.app -}}
{{- $pods := dict "imagePullPolicy" .Values.image.pullPolicy "imagePullSecrets" $app.imagePullSecrets
  "imagePullSecretsByNamespace" $app.imagePullSecretsByNamespace "nodeSelector" $app.nodeSelector "affinity" $app.affinity
  "tolerations" $app.tolerations "topologySpreadConstraints" $app.topologySpreadConstraints "labels" $app.podLabels
  "annotations" $app.podAnnotations
  "resources" (include "voucher.ofTiers" (dict "root" . "field" "app.resources" "values" $app.resources "jobs" (list "draw" "compare" "books" "exclude")) | fromJson)
  "nodeLostTolerationSeconds" (int $app.nodeLostTolerationSeconds) -}}
{{- $_ := set $pods "headroomPriorityClassName" (include "voucher.headroomPriorityClass" .) -}}
{{- if not .Values.podSecurity.fixedIds }}{{ $_ := set $pods "fixedIds" false }}{{ end -}}
{{- with $app.priorityClassName }}{{ $_ := set $pods "priorityClassName" . }}{{ end -}}
{{- if and .Values.networkPolicy.enabled .Values.dataPlane.embedded.enabled }}{{ $_ := set $pods "egress" (fromJson (include "voucher.podEgress" .)) }}{{ end -}}
{{- with .Values.networkPolicy.apiServerPeers }}{{ $_ := set $pods "apiServerPeers" . }}{{ end -}}
{{- /* Values of an earlier chart lack it. */ -}}
{{- with .Values.tracing }}{{ if .endpoint }}{{ $_ := set $pods "tracing" (dict "endpoint" .endpoint "ratio" .ratio) }}{{ end }}{{ end -}}
{{- /* null in the values: the operator's own default. */ -}}
{{- range $key, $value := deepCopy $pods }}{{ if kindIs "invalid" $value }}{{ $_ := unset $pods $key }}{{ end }}{{ end -}}
{{- toJson $pods -}}
{{- end -}}

{{/* What the Pod Security Standard "restricted" requires of a pod (dict "root" $ "user" ID) and of a container. */}}
{{- define "voucher.podSecurity" -}}
securityContext:
  runAsNonRoot: true
  {{- if .root.Values.podSecurity.fixedIds }}
  runAsUser: {{ .user }}
  runAsGroup: {{ .user }}
  fsGroup: {{ .user }}
  fsGroupChangePolicy: OnRootMismatch
  {{- end }}
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

{{/* tls://… of all servers, by the names in their certificates. */}}
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

{{/* Names for the certificate of a Service, and with "pods" of its pods; localhost is for kubectl port-forward. As JSON. */}}
{{- define "voucher.serviceNames" -}}
{{- $service := .service -}}
{{- $names := list "localhost" -}}
{{- range list "" (printf ".%s" .namespace) (printf ".%s.svc" .namespace) (printf ".%s.svc.cluster.local" .namespace) -}}
{{- $names = append $names (printf "%s%s" $service .) -}}
{{- if $.pods }}{{ $names = append $names (printf "*.%s%s" $service .) }}{{ end -}}
{{- end -}}
{{- toJson $names -}}
{{- end -}}

{{/* Default ceilings of a campaign by tier, from the CRD, which is generated from contract/tiers.ts. As JSON. */}}
{{- define "voucher.tierCeilings" -}}
{{- $crd := fromYaml (.Files.Get "files/crds/voucher-operator.io_vouchercampaigns.yaml") -}}
{{- $spec := (index $crd.spec.versions 0).schema.openAPIV3Schema.properties.spec -}}
{{- $ceilings := dict -}}
{{- range $tier, $field := $spec.properties.scaling.properties.authorized.properties.ceilings.properties -}}
{{- $_ := set $ceilings $tier (int $field.default) -}}
{{- end -}}
{{- toJson $ceilings -}}
{{- end -}}

{{/* Values by tier; fails for an unknown one: dict "root" $ "field" NAME "values" DICT, and "jobs" LIST where it has Jobs too. As JSON. */}}
{{- define "voucher.ofTiers" -}}
{{- $tiers := keys (fromJson (include "voucher.tierCeilings" .root)) | sortAlpha -}}
{{- $names := concat $tiers (.jobs | default list) -}}
{{- range $tier, $_ := .values -}}
{{- if not (has $tier $names) }}{{ fail (printf "%s: %s is not a tier: write one of %s" $.field $tier (join ", " $names)) }}{{ end -}}
{{- end -}}
{{- toJson (.values | default dict) -}}
{{- end -}}

{{/* Request to the setup program: which accounts and Secrets must exist. */}}
{{- define "voucher.setupRequest" -}}
{{- $embedded := .Values.dataPlane.embedded -}}
{{- $campaigns := list -}}
{{- range $embedded.campaigns -}}
{{- $campaign := dict
  "campaignId" .campaignId
  "namespace" .namespace
  "dataPlaneSecretName" (.dataPlaneSecretName | default "voucher-data-plane")
  "privacySecretName" (.privacySecretName | default "voucher-privacy") -}}
{{- if not (include "voucher.hasNamespace" (dict "root" $ "name" .namespace)) }}{{ $_ := set $campaign "isLeftOut" true }}{{ end -}}
{{- $campaigns = append $campaigns $campaign -}}
{{- end -}}
{{- $request := dict
  "release" (include "voucher.name" .)
  "namespace" .Release.Namespace
  "natsUrls" (include "voucher.natsUrls" .)
  "natsNames" (fromJsonArray (include "voucher.serviceNames" (dict "service" (include "voucher.natsName" .) "namespace" .Release.Namespace "pods" true)))
  "postgresNames" (fromJsonArray (include "voucher.serviceNames" (dict "service" (include "voucher.postgresName" .) "namespace" .Release.Namespace)))
  "postgresHost" (printf "%s.%s.svc" (include "voucher.postgresName" .) .Release.Namespace)
  "shards" (int .Values.app.shards)
  "journalReplicas" (int .Values.app.journalReplicas)
  "volumes" (list
    (dict "statefulSet" (include "voucher.natsName" .) "field" "dataPlane.embedded.nats" "storage" (include "voucher.quantity" $embedded.nats.storage) "storageClassName" $embedded.nats.storageClassName)
    (dict "statefulSet" (include "voucher.postgresName" .) "field" "dataPlane.embedded.postgres" "storage" (include "voucher.quantity" $embedded.postgres.storage) "storageClassName" $embedded.postgres.storageClassName))
  "campaigns" $campaigns -}}
{{- if .Values.operator.watchNamespaces }}{{ $_ := set $request "watchNamespaces" (fromJsonArray (include "voucher.scopes" .)) }}{{ end -}}
{{- toJson $request -}}
{{- end -}}

{{/* Policies apply to the port of the DNS server's pod, not of its Service: 53, or 5353 on OpenShift. */}}
{{- define "voucher.dnsEgress" -}}
{{- $dns := .Values.networkPolicy.dns -}}
- ports:
    {{- range $dns.ports }}
    - {protocol: UDP, port: {{ . }}}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
  {{- with $dns.peers }}
  to: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{/* Peers that may scrape: empty for all. The test of the installation always may. */}}
{{- define "voucher.monitoringPeers" -}}
{{- with .Values.networkPolicy.monitoringNamespaces -}}
- namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: {{ toJson . }}}]}
- podSelector:
    matchLabels: {{- include "voucher.selector" (dict "root" $ "component" "test") | nindent 6 }}
{{- end -}}
{{- end -}}

{{/* Clients of the data plane: one component of the release, campaigns' pods in their namespaces, and peers in the values. */}}
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

{{/* Egress of the pods of the data plane's campaigns, by tier (operator/resources/network-policy.ts). As JSON. */}}
{{- define "voucher.podEgress" -}}
{{- $campaigns := list -}}
{{- range .Values.dataPlane.embedded.campaigns }}{{ $campaigns = append $campaigns .campaignId }}{{ end -}}
{{- $there := dict "kubernetes.io/metadata.name" .Release.Namespace -}}
{{- $egress := dict "campaigns" $campaigns "names" (fromYamlArray (include "voucher.dnsEgress" .)) -}}
{{- range $part, $port := dict "nats" 4222 "postgres" 5432 -}}
{{- $peer := dict "namespaceSelector" (dict "matchLabels" $there) "podSelector" (dict "matchLabels" (fromYaml (include "voucher.selector" (dict "root" $ "component" $part)))) -}}
{{- $rule := dict "to" (list $peer) "ports" (list (dict "protocol" "TCP" "port" $port)) -}}
{{- $_ := set $egress (ternary "journal" "database" (eq $part "nats")) (list $rule) -}}
{{- end -}}
{{- toJson $egress -}}
{{- end -}}

{{/* An image of the data plane: dict "root" $ "image" .image */}}
{{- define "voucher.dataPlaneImage" -}}
{{- include "voucher.registry" .root }}{{ .image.repository }}
{{- if .image.digest }}@{{ .image.digest }}{{ else }}:{{ .image.tag }}{{ end -}}
{{- end -}}

{{/* A quantity in bytes: 20Gi, 1.5Gi, 21474836480. Empty: not one of those. */}}
{{- define "voucher.bytes" -}}
{{- if kindIs "string" . -}}
{{- $factors := dict "" 1 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "P" 1e15 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 "Pi" 1125899906842624 -}}
{{- $number := regexFind "^[0-9]+(\\.[0-9]+)?" . -}}
{{- $unit := trimPrefix $number . -}}
{{- if and $number (hasKey $factors $unit) }}{{ mulf (float64 $number) (float64 (index $factors $unit)) | int64 }}{{ end -}}
{{- else -}}
{{- int64 . -}}
{{- end -}}
{{- end -}}

{{/* Empty: the operator's port for audit trails is closed. Values of an earlier chart may lack `open`. */}}
{{- define "voucher.servesTrails" -}}
{{- if or .Values.audit.open .Values.audit.readers }}yes{{ end -}}
{{- end -}}

{{/* For GOMEMLIMIT, from a container's resources. */}}
{{- define "voucher.goMemLimit" -}}
{{- $limit := include "voucher.bytes" (dig "limits" "memory" "" (. | default dict) | default "") -}}
{{- if $limit }}{{ div (mul (atoi $limit) 3) 4 }}B{{ else }}off{{ end -}}
{{- end -}}

{{/* A quantity as text: a whole number of bytes is a float to Helm, which writes it with an exponent. */}}
{{- define "voucher.quantity" -}}
{{- if kindIs "string" . }}{{ . }}{{ else }}{{ int64 . }}{{ end -}}
{{- end -}}
