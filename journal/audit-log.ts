/**
 * Implements AuditLog: the trails of all campaigns are one stream of the installation, one subject each. No message can be
 * removed. The expected last sequence of the subject makes every append a compare-and-set, so that two operators can't fork a
 * chain.
 */
import { JetStreamApiError, type JetStreamManager, type StreamConfig } from '@nats-io/jetstream';
import { chainLine, linkOf } from '../contract/hash-chain.ts';
import { AUDIT_STREAM, AUDIT_SUBJECTS, auditedCampaignId, auditSubject } from '../contract/names.ts';
import { abortable } from '../runtime/abortable.ts';
import { atMost } from '../runtime/at-most.ts';
import { API_WITHIN_MS, createJournalApi } from './api.ts';
import type { JournalConnection } from './connection.ts';
import { orUndefined, WRONG_LAST_SEQUENCE } from './errors.ts';
import { readReviewEntries } from './review-entries.ts';
import { APPEND_ONLY, differences } from './streams/streams.ts';
import type { AuditLog, AuditTail } from './trail.ts';

export interface AuditLogOptions {
  readonly connection: JournalConnection;
  readonly replicas: number;
  /** Shards of every campaign, to read reviews. */
  readonly shards?: number;
}

/** A new leader reads all trails while the same servers answer for backlogs. */
const READS_AT_ONCE = 4;
/** 100,000 entries of 0.6 KiB: a century of campaigns. */
const MAX_BYTES = 64 * 2 ** 20;
/** A campaign whose settings change constantly must not take the room of all others. */
const MAX_ENTRIES_OF_A_CAMPAIGN = 20_000;

const wantedStream = (replicas: number): Partial<StreamConfig> & { readonly name: string } => ({
  ...APPEND_ONLY,
  name: AUDIT_STREAM,
  subjects: [AUDIT_SUBJECTS],
  num_replicas: replicas,
  discard_new_per_subject: true,
  max_msgs_per_subject: MAX_ENTRIES_OF_A_CAMPAIGN,
  max_bytes: MAX_BYTES,
});

/** With other values of these, entries could be lost. */
const REQUIRED = ['storage', 'retention', 'discard', 'max_age', 'deny_delete', 'deny_purge'] as const;

export const createAuditLog = ({ connection, replicas, shards }: AuditLogOptions): AuditLog => {
  let hasStream = false;
  const reading = atMost(READS_AT_ONCE);
  const api = createJournalApi(connection);

  const ensureStream = async ({ streams }: JetStreamManager, signal: AbortSignal): Promise<void> => {
    if (hasStream) return;
    const wanted = wantedStream(replicas);
    const there = await abortable(orUndefined(streams.info(AUDIT_STREAM)), signal);
    if (there === undefined) await abortable(streams.add(wanted), signal);
    const drift = there === undefined ? [] : differences(REQUIRED, wanted, there.config);
    if (drift.length > 0) throw new Error(`stream ${AUDIT_STREAM} can't be used for audit trails: ${drift.join('; ')}`);
    hasStream = true;
  };

  return {
    async *read(campaignId, signal) {
      const { streams } = await api(signal);
      const next_by_subj = auditSubject(campaignId);
      let tail: AuditTail | undefined;
      for (;;) {
        // Answered by the stream's leader: a replica that is behind would end too early.
        const query = { next_by_subj, seq: (tail?.sequence ?? 0) + 1 };
        const message = await reading(() => abortable(orUndefined(streams.getMessage(AUDIT_STREAM, query)), signal));
        if (message === undefined || message === null) return;
        const text = message.string();
        tail = { sequence: message.seq, ...linkOf(text, tail) };
        yield { text, tail };
      }
    },

    async append(campaignId, entry, tail, signal) {
      const manager = await api(signal);
      await ensureStream(manager, signal);
      const text = chainLine(entry, tail);
      try {
        const acknowledged = await abortable(
          manager.jetstream().publish(auditSubject(campaignId), text, {
            msgID: `${campaignId}/${entry.id}`,
            expect: { streamName: AUDIT_STREAM, lastSubjectSequence: tail?.sequence ?? 0 },
            timeout: API_WITHIN_MS,
          }),
          signal,
        );
        if (acknowledged.duplicate) return { kind: 'moved' };
        return { kind: 'appended', tail: { sequence: acknowledged.seq, ...linkOf(text, tail) } };
      } catch (error) {
        if (error instanceof JetStreamApiError && WRONG_LAST_SEQUENCE.has(error.code)) return { kind: 'moved' };
        // The stream may have been removed: the next append checks.
        hasStream = false;
        throw error;
      }
    },

    async campaignIds(signal) {
      const { streams } = await api(signal);
      const asked = streams.info(AUDIT_STREAM, { subjects_filter: AUDIT_SUBJECTS });
      const info = await abortable(orUndefined(asked), signal);
      return Object.keys(info?.state.subjects ?? {})
        .map(auditedCampaignId)
        .toSorted();
    },

    ...(shards === undefined
      ? {}
      : { reviews: (campaignId, signal) => readReviewEntries(connection, campaignId, shards, signal) }),
  };
};
