{{/*
Refuses values whose campaigns reserve more than a server may store, before anything changes. A campaign has its shards, a control
stream of 32 MiB and two buckets of 4 MiB (journal/streams/streams.ts, ensure.ts); the installation has an audit trail of 64 MiB
(audit-log.ts). A campaign with spec.login has a bucket of claims, too, a quarter of a shard: the chart does not know which campaigns have it, so
the operator checks that room before it makes the bucket (journal/streams/room.ts). There are three servers: with three replicas each keeps all of it, with one replica about a third.
*/}}
{{- define "voucher.assertStore" -}}
{{- $nats := .Values.dataPlane.embedded.nats -}}
{{- $replicas := int .Values.app.journalReplicas -}}
{{- if gt $replicas 3 -}}
{{- fail (printf "app.journalReplicas is %d, but the embedded journal has three servers: write 3, or use an external journal with %d servers (dataPlane.external)." $replicas $replicas) -}}
{{- end -}}
{{- $mib := 1048576 -}}
{{- $store := int64 $nats.maxFileStoreBytes -}}
{{- $campaigns := len (.Values.dataPlane.embedded.campaigns | default list) -}}
{{- $each := add (mul (int64 .Values.app.shards) (int64 .Values.app.shardMaxBytes)) (mul 40 $mib) -}}
{{- $all := add (mul $campaigns $each) (mul 64 $mib) -}}
{{- $needed := div (add (mul $all $replicas) 2) 3 -}}
{{- if and (gt $campaigns 0) (gt $needed $store) -}}
{{- fail (printf "dataPlane.embedded.nats.maxFileStoreBytes is %d (%d MiB), but %d campaigns reserve %d (%d MiB) on each server: %d shards of app.shardMaxBytes %d and 40 MiB each, and 64 MiB for the audit trail, %d times on three servers. Raise maxFileStoreBytes and nats.storage, lower app.shardMaxBytes, or remove a campaign from dataPlane.embedded.campaigns." $store (div $store $mib) $campaigns $needed (div $needed $mib) (int64 .Values.app.shards) (int64 .Values.app.shardMaxBytes) $replicas) -}}
{{- end -}}
{{- with include "voucher.bytes" $nats.storage -}}
{{- if gt $store (int64 .) -}}
{{- fail (printf "dataPlane.embedded.nats.maxFileStoreBytes is %d, more than nats.storage %s (%s): a full disk stops a server's JetStream, while its own limit only refuses publishes. Set it to four fifths of the storage, or enlarge the storage." $store (include "voucher.quantity" $nats.storage) .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
