{{/*
Everything that the chart asks the cluster while Helm renders it. Where there is no cluster to ask (helm template, Argo CD), or
lookups are off, every answer is empty. Helm forgives an object that is absent, and not a right that is: lookups: false is for that.
*/}}

{{/* As JSON: dict "root" $ "version" "v1" "kind" "Secret" "namespace" "…" "name" "…" */}}
{{- define "voucher.lookup" -}}
{{- if .root.Values.lookups -}}
{{- toJson (lookup .version .kind .namespace .name) -}}
{{- else -}}
{}
{{- end -}}
{{- end -}}

{{/* Empty: there is no cluster to ask. Every cluster has this namespace; the release's own may be made after rendering. */}}
{{- define "voucher.seesCluster" -}}
{{- if fromJson (include "voucher.lookup" (dict "root" . "version" "v1" "kind" "Namespace" "namespace" "" "name" "default")) }}yes{{ end -}}
{{- end -}}

{{/*
Whether something can be made in a namespace: dict "root" $ "name" NAMESPACE. Empty: no.

| seen                                   |     |
|----------------------------------------|-----|
| no cluster to ask                      | yes |
| the release's own: Helm may make it    | yes |
| it is there                            | yes |
| it is being deleted, or not there      | no  |
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
Where the operator gets its rights, as JSON: [""] for all namespaces, otherwise those watched ones that are there. One that was
deleted must not stand in the way of an upgrade for the others. It may be empty, which is none and not all.
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

{{/* Namespaces that the values name and that are not there, as JSON. */}}
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
Ports of the API server, as JSON: its Service's, and those behind it (6443, minikube 8443), which the cluster says. Where
there is no cluster to ask the usual ones.
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
