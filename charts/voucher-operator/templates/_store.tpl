{{/* Bytes of a quantity with a binary suffix; empty for every other notation. */}}
{{- define "voucher.bytes" -}}
{{- $factors := dict "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 -}}
{{- $text := toString . -}}
{{- if regexMatch "^[0-9]+(Ki|Mi|Gi|Ti)$" $text -}}
{{- mul (int64 (regexFind "^[0-9]+" $text)) (get $factors (regexFind "[A-Z]i$" $text)) -}}
{{- end -}}
{{- end -}}

{{/*
What the campaigns of the values reserve on each server, against what a server may store: refused here, with the numbers, before
anything changes. A campaign has its shards, a control stream of 32 MiB and two buckets of 4 MiB (app/journal/streams.ts,
ensure.ts); the installation has a trail of 64 MiB (audit-log.ts). With three replicas on three servers each keeps all of it.
*/}}
{{- define "voucher.assertStore" -}}
{{- $nats := .Values.dataPlane.embedded.nats -}}
{{- $mib := 1048576 -}}
{{- $store := int64 $nats.maxFileStoreBytes -}}
{{- $campaigns := len .Values.dataPlane.embedded.campaigns -}}
{{- $each := add (mul (int64 .Values.app.shards) (int64 .Values.app.shardMaxBytes)) (mul 40 $mib) -}}
{{- $needed := add (mul $campaigns $each) (mul 64 $mib) -}}
{{- if and (gt $campaigns 0) (gt $needed $store) -}}
{{- fail (printf "dataPlane.embedded.nats.maxFileStoreBytes is %d (%d MiB), and %d campaigns reserve %d (%d MiB): %d shards of app.shardMaxBytes %d and 40 MiB each, and 64 MiB for the trail. Raise maxFileStoreBytes and nats.storage, lower app.shardMaxBytes, or take a campaign out of dataPlane.embedded.campaigns." $store (div $store $mib) $campaigns $needed (div $needed $mib) (int64 .Values.app.shards) (int64 .Values.app.shardMaxBytes)) -}}
{{- end -}}
{{- with include "voucher.bytes" $nats.storage -}}
{{- if gt $store (int64 .) -}}
{{- fail (printf "dataPlane.embedded.nats.maxFileStoreBytes is %d, more than nats.storage %s (%s) holds: a full disk takes a server's JetStream away, where its own limit would be a clean refusal. Set it to four fifths of the storage, or enlarge the storage." $store $nats.storage .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
