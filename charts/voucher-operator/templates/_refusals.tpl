{{/*
What an installation or a change must not do, judged when Helm renders it: before a release is begun. What needs the
cluster is asked of it (lookup); where there is none to ask (helm template, Argo CD) the hook judges the same before
anything changes (operator/setup/refusals.ts). Every sentence names the field and a remedy that harms nothing that lives.
*/}}
{{- define "voucher.refusals" -}}
{{- $found := dict "said" list -}}
{{- $args := dict "root" . "found" $found -}}
{{- if .Values.dataPlane.embedded.enabled -}}
{{- include "voucher.refuseTwice" $args -}}
{{- include "voucher.refuseVolumes" $args -}}
{{- end -}}
{{- include "voucher.refuseHarm" $args -}}
{{- with $found.said -}}
{{- fail (printf "\n\n%s\n" (join "\n" .)) -}}
{{- end -}}
{{- end -}}

{{/* Adds a sentence: dict "found" DICT "said" TEXT */}}
{{- define "voucher.refuse" -}}
{{- $_ := set .found "said" (append .found.said (printf "- %s" .said)) -}}
{{- end -}}

{{/* Of the values alone: one campaignId, and one Secret of a namespace, for one campaign. */}}
{{- define "voucher.refuseTwice" -}}
{{- $found := .found -}}
{{- $field := "dataPlane.embedded.campaigns" -}}
{{- $request := fromJson (include "voucher.setupRequest" .root) -}}
{{- $release := $request.release -}}
{{- $ids := dict -}}
{{- $secrets := dict -}}
{{- range list "data-plane-root" "nats-route" "postgres-admin" "nats-tls" "postgres-tls" "journal" -}}
{{- $_ := set $secrets (printf "%s/%s-%s" $request.namespace $release .) "this installation itself" -}}
{{- end -}}
{{- range $request.campaigns -}}
{{- $_ := set $secrets (printf "%s/%s-account-%s" $request.namespace $release .campaignId) (printf "the account of %s" .campaignId) -}}
{{- end -}}
{{- range $campaign := $request.campaigns -}}
{{- $who := printf "%s in namespace %s" .campaignId .namespace -}}
{{- with get $ids .campaignId -}}
{{- include "voucher.refuse" (dict "found" $found "said" (printf "%s: %s and %s have one campaignId, which is one journal and one database: give the second another campaignId, here and in its VoucherCampaign" $field . $who)) -}}
{{- end -}}
{{- $_ := set $ids .campaignId $who -}}
{{- range list "dataPlaneSecretName" "privacySecretName" -}}
{{- $name := printf "%s/%s" $campaign.namespace (get $campaign .) -}}
{{- $purpose := printf "%s (%s)" $who . -}}
{{- with get $secrets $name -}}
{{- include "voucher.refuse" (dict "found" $found "said" (printf "%s: Secret %s is asked for by %s and by %s: give the second another name, here and in its VoucherCampaign (spec.dataPlane.secretName, spec.privacy.keySecretName)" $field $name . $purpose)) -}}
{{- end -}}
{{- $_ := set $secrets $name $purpose -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Kubernetes changes no volume of a StatefulSet, and Helm would fail half-way. Volumes that stayed from before count too. */}}
{{- define "voucher.refuseVolumes" -}}
{{- $root := .root -}}
{{- $found := .found -}}
{{- $namespace := .root.Release.Namespace -}}
{{- range (fromJson (include "voucher.setupRequest" .root)).volumes -}}
{{- $volume := . -}}
{{- $set := lookup "apps/v1" "StatefulSet" $namespace .statefulSet -}}
{{- range (dig "spec" "volumeClaimTemplates" list $set) -}}
{{- $size := dig "spec" "resources" "requests" "storage" "" . -}}
{{- $class := dig "spec" "storageClassName" "" . -}}
{{- if and (ne $size $volume.storage) (ne (include "voucher.bytes" $size) (include "voucher.bytes" $volume.storage)) -}}
{{- include "voucher.refuse" (dict "found" $found "said" (printf "%s.storage: is %s, and the volumes of StatefulSet %s were made with %s, which Kubernetes does not change: write %s, or grow them as docs/installation.md says under \"Larger volumes\"" $volume.field $volume.storage $volume.statefulSet $size $size)) -}}
{{- end -}}
{{- if ne $class $volume.storageClassName -}}
{{- include "voucher.refuse" (dict "found" $found "said" (printf "%s.storageClassName: is %q, and the volumes of StatefulSet %s were made with %q, which Kubernetes does not change: write that" $volume.field $volume.storageClassName $volume.statefulSet $class)) -}}
{{- end -}}
{{- end -}}
{{- if not $set -}}
{{- range $i := until (ternary 3 1 (hasSuffix "-nats" .statefulSet)) -}}
{{- $claim := printf "data-%s-%d" $volume.statefulSet $i -}}
{{- with dig "spec" "resources" "requests" "storage" "" (lookup "v1" "PersistentVolumeClaim" $namespace $claim) -}}
{{- $has := include "voucher.bytes" . -}}
{{- $wants := include "voucher.bytes" $volume.storage -}}
{{- if and $has $wants (lt (atoi $has) (atoi $wants)) -}}
{{- include "voucher.refuse" (dict "found" $found "said" (printf "%s.storage: is %s, and PersistentVolumeClaim %s, which is there from before, has %s: grow it first (kubectl patch pvc %s -n %s --type=merge -p '{\"spec\":{\"resources\":{\"requests\":{\"storage\":\"%s\"}}}}'), or write %s" $volume.field $volume.storage $claim . $claim $namespace $volume.storage .)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What a VoucherCampaign that lives depends on: its account, its Secrets, the number of its shards, the journal itself. */}}
{{- define "voucher.refuseHarm" -}}
{{- $root := .root -}}
{{- $found := .found -}}
{{- $values := .root.Values -}}
{{- $namespace := .root.Release.Namespace -}}
{{- $name := include "voucher.name" .root -}}
{{- $field := "dataPlane.embedded.campaigns" -}}
{{- $embedded := $values.dataPlane.embedded.enabled -}}
{{- $asked := list -}}
{{- if $embedded }}{{ $asked = (fromJson (include "voucher.setupRequest" .root)).campaigns }}{{ end -}}
{{- $living := list -}}
{{- if .root.Capabilities.APIVersions.Has "voucher-operator.io/v1alpha1/VoucherCampaign" -}}
{{- range $values.operator.watchNamespaces | default (list "") -}}
{{- range ((lookup "voucher-operator.io/v1alpha1" "VoucherCampaign" . "").items | default list) -}}
{{- /* One that is being deleted lives no more: its journal stays, or is the operator's to remove. */ -}}
{{- if not .metadata.deletionTimestamp }}{{ $living = append $living . }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $again := printf "Pass the values of the installation (-f values.yaml, or --reset-then-reuse-values); helm get values %s -n %s shows what was installed" $root.Release.Name $namespace -}}
{{- range $one := $living -}}
{{- $id := .spec.campaignId -}}
{{- $called := printf "VoucherCampaign %s/%s" .metadata.namespace .metadata.name -}}
{{- $served := "" -}}
{{- $elsewhere := "" -}}
{{- range $asked -}}
{{- if eq .campaignId $id -}}
{{- $served = "yes" -}}
{{- if ne .namespace $one.metadata.namespace }}{{ $elsewhere = .namespace }}{{ end -}}
{{- else if eq .namespace $one.metadata.namespace -}}
{{- $taken := list $one.spec.dataPlane.secretName $one.spec.privacy.keySecretName -}}
{{- $other := . -}}
{{- range list "dataPlaneSecretName" "privacySecretName" -}}
{{- if has (get $other .) $taken -}}
{{- include "voucher.refuse" (dict "found" $found "said" (printf "%s: %s asks for Secret %s/%s, which %s uses: give %s another %s, and name it in its VoucherCampaign" $field $other.campaignId $other.namespace (get $other .) $called $other.campaignId .)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $twin := "" -}}
{{- range $living -}}
{{- if and (eq .spec.campaignId $id) (eq .metadata.namespace $elsewhere) }}{{ $twin = "yes" }}{{ end -}}
{{- end -}}
{{- if and $elsewhere (not $twin) -}}
{{- include "voucher.refuse" (dict "found" $found "said" (printf "%s: says that %s is in namespace %s, and %s has that campaignId: write namespace %s, or give the new campaign another campaignId" $field $id $elsewhere $called .metadata.namespace)) -}}
{{- end -}}
{{- if not $served -}}
{{- if lookup "v1" "Secret" $namespace (printf "%s-account-%s" $name $id) -}}
{{- include "voucher.refuse" (dict "found" $found "said" (printf "%s: lacks %s, and %s uses that account: its registrations would be refused. %s" $field $id $called $again)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if $living -}}
{{- $first := index $living 0 -}}
{{- $called := printf "VoucherCampaign %s/%s" $first.metadata.namespace $first.metadata.name -}}
{{- $deployment := lookup "apps/v1" "Deployment" $namespace $name -}}
{{- $pod := dig "spec" "template" "spec" dict $deployment -}}
{{- range ($pod.containers | default list) -}}
{{- if eq .name "operator" -}}
{{- range .env -}}
{{- $value := .value | default "" -}}
{{- if and (eq .name "VOUCHER_OPERATOR_SHARDS") (ne $value (toString $values.app.shards)) -}}
{{- include "voucher.refuse" (dict "found" $found "said" (printf "app.shards: is %v, and %s was made with %s, which is fixed for its life. %s" $values.app.shards $called $value $again)) -}}
{{- end -}}
{{- if and (eq .name "VOUCHER_OPERATOR_JOURNAL_REPLICAS") (ne $value (toString $values.app.journalReplicas)) -}}
{{- include "voucher.refuse" (dict "found" $found "said" (printf "app.journalReplicas: is %v, and %s was made with %s, which is fixed for its life. %s" $values.app.journalReplicas $called $value $again)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range ($pod.volumes | default list) -}}
{{- $secret := dig "secret" "secretName" "" . -}}
{{- if and $embedded (eq .name "journal") (ne $secret (printf "%s-journal" $name)) -}}
{{- include "voucher.refuse" (dict "found" $found "said" (printf "dataPlane.embedded.enabled: is true, and %s lives on the journal that Secret %s names (dataPlane.external.operatorSecretName). %s" $called $secret $again)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
