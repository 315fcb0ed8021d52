{{/*
Refusals of an installation or a change, checked when Helm renders it, before a release begins. Some checks read the cluster
(_cluster.tpl); without one (helm template, Argo CD) the hook makes most of them before anything changes
(operator/setup/refusals.ts). Every sentence names the field and a remedy that harms no existing campaign.
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

{{/*
Values of an older chart (helm upgrade --reuse-values) lack newer fields, and so does a section that is null. Helm renders templates
in the reverse order of their names: this is in the first one (whole-values.yaml).
*/}}
{{- define "voucher.refuseIncomplete" -}}
{{- $values := .Values -}}
{{- $lacking := list -}}
{{- range $section, $fields := dict
  "" (list "imageRegistry" "lookups" "operator" "setup" "app" "image" "podSecurity" "crds" "rbac" "audit" "admission" "networkPolicy" "dataPlane")
  "operator" (list "replicas" "logLevel" "site")
  "setup" (list "deadlineSeconds")
  "app" (list "logLevel" "keepAliveSeconds" "shards" "journalReplicas" "shardMaxBytes" "nodeLostTolerationSeconds")
  "admission" (list "defaultCeilings")
  "networkPolicy" (list "dns")
  "dataPlane" (list "embedded" "external")
  "dataPlane.embedded" (list "nats" "postgres")
  "dataPlane.embedded.nats" (list "image" "storage" "maxFileStoreBytes")
  "dataPlane.embedded.postgres" (list "image" "storage") -}}
{{- $at := $values -}}
{{- range compact (splitList "." $section) }}{{ $at = get ($at | default dict) . | default dict }}{{ end -}}
{{- range $fields -}}
{{- if and (or $at (not $section)) (not (hasKey $at .)) }}{{ $lacking = append $lacking (trimPrefix "." (printf "%s.%s" $section .)) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- with $lacking -}}
{{- fail (printf "\n\n- The values lack %s, which this chart needs. helm upgrade --reuse-values uses the defaults of the previous chart: use --reset-then-reuse-values, or pass the values of the installation (-f values.yaml). If a section is null, remove it to get the chart's default\n" (join ", " (sortAlpha .))) -}}
{{- end -}}
{{- end -}}

{{/* Adds a sentence: dict "found" DICT "said" TEXT */}}
{{- define "voucher.refuse" -}}
{{- $_ := set .found "said" (append .found.said (printf "- %s" .said)) -}}
{{- end -}}

{{/* By the values alone: no two campaigns may have the same campaignId, or the same Secret in a namespace. */}}
{{- define "voucher.refuseTwice" -}}
{{- $found := .found -}}
{{- $field := "dataPlane.embedded.campaigns" -}}
{{- $request := fromJson (include "voucher.setupRequest" .root) -}}
{{- $release := $request.release -}}
{{- $tiers := fromJson (include "voucher.tierCeilings" .root) -}}
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
{{- include "voucher.refuse" (dict "found" $found "said" (printf "%s: %s and %s have the same campaignId, and so the same journal and database: give the second another campaignId, here and in its VoucherCampaign" $field . $who)) -}}
{{- end -}}
{{- $_ := set $ids .campaignId $who -}}
{{- range list "dataPlaneSecretName" "privacySecretName" -}}
{{- $name := printf "%s/%s" $campaign.namespace (get $campaign .) -}}
{{- $purpose := printf "%s (%s)" $who . -}}
{{- with get $secrets $name -}}
{{- include "voucher.refuse" (dict "found" $found "said" (printf "%s: Secret %s is requested by %s and by %s: give the second another name, here and in its VoucherCampaign (spec.dataPlane.secretName, spec.privacy.keySecretName)" $field $name . $purpose)) -}}
{{- end -}}
{{- $_ := set $secrets $name $purpose -}}
{{- end -}}
{{- end -}}
{{- /* The set-up creates a Secret for each tier from dataPlaneSecretName. */ -}}
{{- range $campaign := $request.campaigns -}}
{{- range $tier, $_ := $tiers -}}
{{- $name := printf "%s/%s-%s" $campaign.namespace $campaign.dataPlaneSecretName $tier -}}
{{- with get $secrets $name -}}
{{- include "voucher.refuse" (dict "found" $found "said" (printf "%s: Secret %s is requested by %s and by the tier %s of %s: give one of them another name, here and in its VoucherCampaign (spec.dataPlane.secretName, spec.privacy.keySecretName)" $field $name . $tier $campaign.campaignId)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Kubernetes can't change volumes of a StatefulSet, and Helm would fail half-way. Volumes of an earlier release count as well. */}}
{{- define "voucher.refuseVolumes" -}}
{{- $root := .root -}}
{{- $found := .found -}}
{{- $namespace := .root.Release.Namespace -}}
{{- range (fromJson (include "voucher.setupRequest" .root)).volumes -}}
{{- $volume := . -}}
{{- $set := fromJson (include "voucher.lookup" (dict "root" $root "version" "apps/v1" "kind" "StatefulSet" "namespace" $namespace "name" .statefulSet)) -}}
{{- range (dig "spec" "volumeClaimTemplates" list $set) -}}
{{- $size := dig "spec" "resources" "requests" "storage" "" . -}}
{{- $class := dig "spec" "storageClassName" "" . -}}
{{- if and (ne $size $volume.storage) (ne (include "voucher.bytes" $size) (include "voucher.bytes" $volume.storage)) -}}
{{- include "voucher.refuse" (dict "found" $found "said" (printf "%s.storage: is %s, but the volumes of StatefulSet %s have %s, which Kubernetes can't change: write %s, or enlarge them as described in docs/operations.md under \"Larger volumes\"" $volume.field $volume.storage $volume.statefulSet $size $size)) -}}
{{- end -}}
{{- if ne $class $volume.storageClassName -}}
{{- include "voucher.refuse" (dict "found" $found "said" (printf "%s.storageClassName: is %q, but the volumes of StatefulSet %s have %q, which Kubernetes can't change: write that" $volume.field $volume.storageClassName $volume.statefulSet $class)) -}}
{{- end -}}
{{- end -}}
{{- if not $set -}}
{{- range $i := until (ternary 3 1 (hasSuffix "-nats" .statefulSet)) -}}
{{- $claim := printf "data-%s-%d" $volume.statefulSet $i -}}
{{- $there := fromJson (include "voucher.lookup" (dict "root" $root "version" "v1" "kind" "PersistentVolumeClaim" "namespace" $namespace "name" $claim)) -}}
{{- with dig "spec" "resources" "requests" "storage" "" $there -}}
{{- $has := include "voucher.bytes" . -}}
{{- $wants := include "voucher.bytes" $volume.storage -}}
{{- if and $has $wants (lt (atoi $has) (atoi $wants)) -}}
{{- include "voucher.refuse" (dict "found" $found "said" (printf "%s.storage: is %s, but the existing PersistentVolumeClaim %s has %s: enlarge it first (kubectl patch pvc %s -n %s --type=merge -p '{\"spec\":{\"resources\":{\"requests\":{\"storage\":\"%s\"}}}}'), or write %s" $volume.field $volume.storage $claim . $claim $namespace $volume.storage .)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What an existing VoucherCampaign depends on: its accounts, its Secrets, the number of its shards, the journal itself. */}}
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
{{- $deployment := fromJson (include "voucher.lookup" (dict "root" .root "version" "apps/v1" "kind" "Deployment" "namespace" $namespace "name" $name)) -}}
{{- $pod := dig "spec" "template" "spec" dict $deployment -}}
{{- $before := dict -}}
{{- range ($pod.containers | default list) -}}
{{- if eq .name "operator" }}{{ range .env }}{{ $_ := set $before .name (.value | default "") }}{{ end }}{{ end -}}
{{- end -}}
{{- /* Also the namespaces that the installation has watched so far: new values must not remove an account there. */ -}}
{{- $scopes := $values.operator.watchNamespaces | default (list "") -}}
{{- if hasKey $before "VOUCHER_OPERATOR_WATCH_NAMESPACES" -}}
{{- $scopes = uniq (concat $scopes (splitList "," (get $before "VOUCHER_OPERATOR_WATCH_NAMESPACES"))) -}}
{{- end -}}
{{- if has "" $scopes }}{{ $scopes = list "" }}{{ end -}}
{{- $living := list -}}
{{- if .root.Capabilities.APIVersions.Has "voucher-operator.io/v1alpha1/VoucherCampaign" -}}
{{- range $scopes -}}
{{- $all := fromJson (include "voucher.lookup" (dict "root" $root "version" "voucher-operator.io/v1alpha1" "kind" "VoucherCampaign" "namespace" . "name" "")) -}}
{{- range ($all.items | default list) -}}
{{- /* Not one that is being deleted: its journal stays, or the operator removes it. */ -}}
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
{{- include "voucher.refuse" (dict "found" $found "said" (printf "%s: %s requests Secret %s/%s, which %s uses: give %s another %s, and name it in its VoucherCampaign" $field $other.campaignId $other.namespace (get $other .) $called $other.campaignId .)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $twin := "" -}}
{{- range $living -}}
{{- if and (eq .spec.campaignId $id) (eq .metadata.namespace $elsewhere) }}{{ $twin = "yes" }}{{ end -}}
{{- end -}}
{{- if and $elsewhere (not $twin) -}}
{{- include "voucher.refuse" (dict "found" $found "said" (printf "%s: %s is in namespace %s, but %s has that campaignId: write namespace %s, or give the new campaign another campaignId" $field $id $elsewhere $called .metadata.namespace)) -}}
{{- end -}}
{{- $account := fromJson (include "voucher.lookup" (dict "root" $root "version" "v1" "kind" "Secret" "namespace" $namespace "name" (printf "%s-account-%s" $name $id))) -}}
{{- if and $account (not $served) -}}
{{- include "voucher.refuse" (dict "found" $found "said" (printf "%s: lacks %s, but %s uses its accounts, so its registrations would be refused. %s" $field $id $called $again)) -}}
{{- end -}}
{{- $lease := fromJson (include "voucher.lookup" (dict "root" $root "version" "coordination.k8s.io/v1" "kind" "Lease" "namespace" .metadata.namespace "name" "voucher-operator-campaigns")) -}}
{{- $holder := dig "spec" "holderIdentity" "" $lease -}}
{{- $ours := ternary (and $served (not $elsewhere)) (has $holder (list "" (printf "%s/%s" $namespace $name))) $embedded -}}
{{- if $ours -}}
{{- include "voucher.refuseRemade" (dict "root" $root "found" $found "campaign" . "before" $before "again" $again) -}}
{{- end -}}
{{- end -}}
{{- if $living -}}
{{- $first := index $living 0 -}}
{{- $called := printf "VoucherCampaign %s/%s" $first.metadata.namespace $first.metadata.name -}}
{{- range ($pod.volumes | default list) -}}
{{- $secret := dig "secret" "secretName" "" . -}}
{{- if and $embedded (eq .name "journal") (ne $secret (printf "%s-journal" $name)) -}}
{{- include "voucher.refuse" (dict "found" $found "said" (printf "dataPlane.embedded.enabled: is true, but %s uses the journal of Secret %s (dataPlane.external.operatorSecretName). %s" $called $secret $again)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
app.shards and app.journalReplicas of a campaign of this installation: dict "root" $ "found" DICT "campaign" OBJECT "before" ENV
"again" REMEDY. Its ConfigMap contains the numbers that it was created with, and outlives an installation.

| operator so far      | ConfigMap          | new values                        |
|----------------------|--------------------|-----------------------------------|
| same numbers         | any                | accepted: nothing changes         |
| others               | none               | refused                           |
| others, or none      | same numbers       | accepted: they undo a change      |
| others, or none      | others             | refused                           |
| none                 | none               | accepted: nothing was created     |
*/}}
{{- define "voucher.refuseRemade" -}}
{{- $args := . -}}
{{- $metadata := .campaign.metadata -}}
{{- $map := fromJson (include "voucher.lookup" (dict "root" .root "version" "v1" "kind" "ConfigMap" "namespace" $metadata.namespace "name" (printf "%s-app" $metadata.name))) -}}
{{- $recorded := fromJson (dig "data" "config.json" "{}" $map) -}}
{{- range $field, $variable := dict "shards" "VOUCHER_OPERATOR_SHARDS" "journalReplicas" "VOUCHER_OPERATOR_JOURNAL_REPLICAS" -}}
{{- $is := toString (index $args.root.Values.app $field) -}}
{{- $so := get $args.before $variable -}}
{{- $was := toString (get $recorded $field | default $so) -}}
{{- if and $was (ne $was $is) (ne $so $is) -}}
{{- include "voucher.refuse" (dict "found" $args.found "said" (printf "app.%s: is %s, but VoucherCampaign %s/%s was created with %s, which is fixed for its life. %s" $field $is $metadata.namespace $metadata.name $was $args.again)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
