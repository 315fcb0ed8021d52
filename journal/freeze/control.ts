/**
 * The campaign's decisions that are taken once: one entry a type in the control stream, by compare-and-set. Of two writers one wins,
 * and both read the same entry.
 *
 * | answer to an append                                | result |
 * |----------------------------------------------------|--------|
 * | stored, and the first of its subject                | appended |
 * | the subject has an entry                            | exists, with that entry |
 * | another append is under way, no leader, no answer   | Error: unknown; the same append again is safe |
 *
 * The first entry of a subject counts. So also if a server ever stored a second one, all readers would agree.
 */
import { JetStreamApiError } from '@nats-io/jetstream';
import type { ControlType } from '../../contract/control.ts';
import { controlStreamName, controlSubject } from '../../contract/names.ts';
import { parseJson } from '../../contract/untrusted.ts';
import { abortable } from '../../runtime/abortable.ts';
import { API_WITHIN_MS, createJournalApi } from '../api.ts';
import type { CampaignJournal } from '../connection.ts';
import { about, WRONG_LAST_SEQUENCE } from '../errors.ts';

export interface ControlEntry {
  readonly sequence: number;
  readonly storedAtMs: number;
  /** As it is stored: contract/control-schema.ts reads it. Undefined: not JSON. */
  readonly value: unknown;
}

export interface ControlLog {
  /** The one entry of this type; undefined: none. Asked of the stream's leader, never of a replica. @throws Error when unknown */
  read(type: ControlType, signal: AbortSignal): Promise<ControlEntry | undefined>;
  /**
   * Stores it unless there is one of the type already.
   * @throws Error when it is unknown whether it is stored; calling again is safe
   */
  append(
    type: ControlType,
    value: object,
    signal: AbortSignal,
  ): Promise<{ readonly kind: 'appended' | 'exists'; readonly entry: ControlEntry }>;
}

export const createControlLog = ({ connection, campaignId }: Omit<CampaignJournal, 'shards'>): ControlLog => {
  const stream = controlStreamName(campaignId);
  const api = createJournalApi(connection);

  const read: ControlLog['read'] = async (type, signal) => {
    const { streams } = await api(signal);
    const first = { next_by_subj: controlSubject(campaignId, type), seq: 1 };
    const asked = about(`read the entry ${type}`, streams.getMessage(stream, first));
    const message = await abortable(asked, signal);
    if (message === null) return undefined;
    return { sequence: message.seq, storedAtMs: message.time.getTime(), value: parseJson(message.data) };
  };

  /** Sequence of the stored entry; undefined where the subject has, or is about to get, another one. */
  const store = async (type: ControlType, value: object, signal: AbortSignal): Promise<number | undefined> => {
    const manager = await api(signal);
    const options = { expect: { streamName: stream, lastSubjectSequence: 0 }, timeout: API_WITHIN_MS };
    const publishing = manager.jetstream().publish(controlSubject(campaignId, type), JSON.stringify(value), options);
    try {
      return (await abortable(about(`append the entry ${type}`, publishing), signal)).seq;
    } catch (error) {
      if (error instanceof JetStreamApiError && WRONG_LAST_SEQUENCE.has(error.code)) return undefined;
      throw error;
    }
  };

  return {
    read,
    async append(type, value, signal) {
      const sequence = await store(type, value, signal);
      const entry = await read(type, signal);
      if (entry === undefined)
        throw new Error(`another process may be appending the entry ${type}; none is stored yet`);
      return { kind: entry.sequence === sequence ? 'appended' : 'exists', entry };
    },
  };
};
