{{/*
Everything that the chart reads from the cluster while Helm renders it. Without a cluster (helm template, Argo CD), or with lookups:
false, every result is empty. Helm tolerates a missing object, but not a missing permission: lookups: false is for that.
*/}}

{{/* As JSON: dict "root" $ "version" "v1" "kind" "Secret" "namespace" "…" "name" "…" */}}
{{- define "voucher.lookup" -}}
{{- if .root.Values.lookups -}}
{{- toJson (lookup .version .kind .namespace .name) -}}
{{- else -}}
{}
{{- end -}}
{{- end -}}

{{/* Empty: there is no cluster. Every cluster has this namespace; the release's own may be created after rendering. */}}
{{- define "voucher.seesCluster" -}}
{{- if fromJson (include "voucher.lookup" (dict "root" . "version" "v1" "kind" "Namespace" "namespace" "" "name" "default")) }}yes{{ end -}}
{{- end -}}

{{/*
Whether objects can be created in a namespace: dict "root" $ "name" NAMESPACE. Empty: no.

| namespace                              |     |
|----------------------------------------|-----|
| no cluster                             | yes |
| the release's own: Helm may create it  | yes |
| it exists                              | yes |
| it is being deleted, or does not exist | no  |
*/}}
{{- define "voucher.hasNamespace" -}}
{{- if or (eq .name .root.Release.Namespace) (not (include "voucher.seesCluster" .root)) -}}
yes
{{- else -}}
{{- $found := fromJson (include "voucher.lookup" (dict "root" .root "version" "v1" "kind" "Namespace" "namespace" "" "name" .name)) -}}
{{- if and $found (not (dig "metadata" "deletionTimestamp" "" $found)) }}yes{{ end -}}
{{- end -}}
{{- end -}}

{{/*
Where the operator gets its permissions, as JSON: [""] for all namespaces, otherwise the watched namespaces that exist. A deleted
namespace must not block an upgrade for the others. An empty list means none, not all.
*/}}
{{- define "voucher.scopes" -}}
{{- $scopes := list -}}
{{- range .Values.operator.watchNamespaces -}}
{{- if include "voucher.hasNamespace" (dict "root" $ "name" .) }}{{ $scopes = append $scopes . }}{{ end -}}
{{- else -}}
{{- $scopes = list "" -}}
{{- end -}}
{{- toJson $scopes -}}
{{- end -}}

{{/* Namespaces in the values that do not exist, as JSON. */}}
{{- define "voucher.absentNamespaces" -}}
{{- $named := .Values.operator.watchNamespaces | default list -}}
{{- if .Values.dataPlane.embedded.enabled -}}
{{- range .Values.dataPlane.embedded.campaigns }}{{ $named = append $named .namespace }}{{ end -}}
{{- end -}}
{{- $absent := list -}}
{{- range uniq $named -}}
{{- if not (include "voucher.hasNamespace" (dict "root" $ "name" .)) }}{{ $absent = append $absent . }}{{ end -}}
{{- end -}}
{{- toJson $absent -}}
{{- end -}}

{{/*
Claims of other installations on namespaces with campaigns that this one watches, as JSON: a list of {namespace, holder, renewTime}.
The operator leaves these namespaces to their holder (operator/leadership/claims.ts).
*/}}
{{- define "voucher.otherClaims" -}}
{{- $own := printf "%s/%s" .Release.Namespace (include "voucher.name" .) -}}
{{- $namespaces := list -}}
{{- if .Capabilities.APIVersions.Has "voucher-operator.io/v1alpha1/VoucherCampaign" -}}
{{- range fromJsonArray (include "voucher.scopes" .) -}}
{{- $all := fromJson (include "voucher.lookup" (dict "root" $ "version" "voucher-operator.io/v1alpha1" "kind" "VoucherCampaign" "namespace" . "name" "")) -}}
{{- range ($all.items | default list) }}{{ $namespaces = append $namespaces .metadata.namespace }}{{ end -}}
{{- end -}}
{{- end -}}
{{- $claims := list -}}
{{- range sortAlpha (uniq $namespaces) -}}
{{- $lease := fromJson (include "voucher.lookup" (dict "root" $ "version" "coordination.k8s.io/v1" "kind" "Lease" "namespace" . "name" "voucher-operator-campaigns")) -}}
{{- $holder := dig "spec" "holderIdentity" "" $lease -}}
{{- if not (has $holder (list "" $own)) -}}
{{- $claims = append $claims (dict "namespace" . "holder" $holder "renewTime" (dig "spec" "renewTime" "" $lease)) -}}
{{- end -}}
{{- end -}}
{{- toJson $claims -}}
{{- end -}}

{{/*
Ports of the API server, as JSON: its Service's, and those behind it (6443, minikube 8443), as the cluster reports them. Without a
cluster, the usual ones.
*/}}
{{- define "voucher.apiServerPorts" -}}
{{- $ports := list -}}
{{- with .Values.networkPolicy.apiServerPorts -}}
{{- range . }}{{ $ports = append $ports (int .) }}{{ end -}}
{{- else -}}
{{- $slice := fromJson (include "voucher.lookup" (dict "root" . "version" "discovery.k8s.io/v1" "kind" "EndpointSlice" "namespace" "default" "name" "kubernetes")) -}}
{{- $service := fromJson (include "voucher.lookup" (dict "root" . "version" "v1" "kind" "Service" "namespace" "default" "name" "kubernetes")) -}}
{{- range ($slice.ports | default list) }}{{ with .port }}{{ $ports = append $ports (int .) }}{{ end }}{{ end -}}
{{- if $ports -}}
{{- range (dig "spec" "ports" list $service) }}{{ $ports = append $ports (int .port) }}{{ end -}}
{{- else -}}
{{- $ports = list 443 6443 8443 -}}
{{- end -}}
{{- end -}}
{{- $sorted := list -}}
{{- range $ports }}{{ $sorted = append $sorted (printf "%05d" .) }}{{ end -}}
{{- $ports = list -}}
{{- range (uniq (sortAlpha $sorted)) }}{{ $ports = append $ports (atoi .) }}{{ end -}}
{{- toJson $ports -}}
{{- end -}}
