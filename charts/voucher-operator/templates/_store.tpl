{{/*
What the campaigns of the values reserve on each server, against what a server may store: refused here, with the numbers, before
anything changes. A campaign has its shards, a control stream of 32 MiB and two buckets of 4 MiB (journal/streams/streams.ts,
ensure.ts); the installation has a trail of 64 MiB (audit-log.ts). There are three servers: with three replicas each keeps all
of it, with one replica about a third.
*/}}
{{- define "voucher.assertStore" -}}
{{- $nats := .Values.dataPlane.embedded.nats -}}
{{- $replicas := int .Values.app.journalReplicas -}}
{{- if gt $replicas 3 -}}
{{- fail (printf "app.journalReplicas is %d, and the embedded journal has three servers: write 3, or use an external journal with %d servers (dataPlane.external)." $replicas $replicas) -}}
{{- end -}}
{{- $mib := 1048576 -}}
{{- $store := int64 $nats.maxFileStoreBytes -}}
{{- $campaigns := len (.Values.dataPlane.embedded.campaigns | default list) -}}
{{- $each := add (mul (int64 .Values.app.shards) (int64 .Values.app.shardMaxBytes)) (mul 40 $mib) -}}
{{- $all := add (mul $campaigns $each) (mul 64 $mib) -}}
{{- $needed := div (add (mul $all $replicas) 2) 3 -}}
{{- if and (gt $campaigns 0) (gt $needed $store) -}}
{{- fail (printf "dataPlane.embedded.nats.maxFileStoreBytes is %d (%d MiB), and %d campaigns reserve %d (%d MiB) on each server: %d shards of app.shardMaxBytes %d and 40 MiB each, and 64 MiB for the trail, %d times on three servers. Raise maxFileStoreBytes and nats.storage, lower app.shardMaxBytes, or take a campaign out of dataPlane.embedded.campaigns." $store (div $store $mib) $campaigns $needed (div $needed $mib) (int64 .Values.app.shards) (int64 .Values.app.shardMaxBytes) $replicas) -}}
{{- end -}}
{{- with include "voucher.bytes" $nats.storage -}}
{{- if gt $store (int64 .) -}}
{{- fail (printf "dataPlane.embedded.nats.maxFileStoreBytes is %d, more than nats.storage %s (%s) holds: a full disk takes a server's JetStream away, where its own limit would be a clean refusal. Set it to four fifths of the storage, or enlarge the storage." $store (include "voucher.quantity" $nats.storage) .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
