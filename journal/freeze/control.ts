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
import { type ControlType, DRAW_CHAIN } from '../../contract/decisions/control.ts';
import type { DrawStep } from '../../contract/decisions/draw.ts';
import type { ChainEntry } from '../../contract/decisions/draw-chain.ts';
import { readDrawStep } from '../../contract/decisions/draw-step-schema.ts';
import type { ExcludedEntry } from '../../contract/decisions/exclusion.ts';
import { controlStreamName, controlSubject } from '../../contract/names.ts';
import { parseJson } from '../../contract/untrusted.ts';
import { abortable } from '../../runtime/abortable.ts';
import { API_WITHIN_MS, createJournalApi, type JournalApi } from '../api.ts';
import type { CampaignJournal } from '../connection.ts';
import { about, WRONG_LAST_SEQUENCE } from '../errors.ts';

export interface ControlEntry {
  readonly sequence: number;
  readonly storedAtMs: number;
  /** As it is stored: contract/decisions/control-schema.ts reads it. Undefined: not JSON. */
  readonly value: unknown;
}

/** The draw's steps (contract/decisions/draw.ts), each appended on the condition that the one before is still the last. */
export interface DrawChain {
  /**
   * All steps, asked of the stream's leader, one request a step: those that were read before are remembered, while the last of them is
   * still in the stream. So a read that ends early, in a chain of thousands of promotions, goes on where it ended.
   * @throws Error when they are unknown, ControlEntryError when one can't be read
   */
  read(signal: AbortSignal): Promise<readonly ChainEntry[]>;
  /**
   * @param after sequence of the last entry that was read; 0: none
   * @returns false: another entry was appended meanwhile, or is being appended; read again
   * @throws Error when it is unknown whether it is stored; reading again says so
   */
  append(step: DrawStep, after: number, signal: AbortSignal): Promise<boolean>;
}

export interface ControlLog {
  /** The one entry of this type; undefined: none. Asked of the stream's leader, never of a replica. @throws Error when unknown */
  read(type: ControlType | ExcludedEntry, signal: AbortSignal): Promise<ControlEntry | undefined>;
  /**
   * Stores it unless there is one of the type already.
   * @throws Error when it is unknown whether it is stored; calling again is safe
   */
  append(
    type: ControlType | ExcludedEntry,
    value: object,
    signal: AbortSignal,
  ): Promise<{ readonly kind: 'appended' | 'exists'; readonly entry: ControlEntry }>;
}

/** A person who moves up makes one step; more than these are an error of the program. */
const MOST_STEPS = 100_000;

/** Sequence of the stored entry; undefined where the subject's last entry is not `after`. */
const createStore =
  (stream: string, api: JournalApi) =>
  async (subject: string, value: object, after: number, signal: AbortSignal): Promise<number | undefined> => {
    const manager = await api(signal);
    const options = { expect: { streamName: stream, lastSubjectSequence: after }, timeout: API_WITHIN_MS };
    const publishing = manager.jetstream().publish(subject, JSON.stringify(value), options);
    try {
      return (await abortable(about(`append to ${subject}`, publishing), signal)).seq;
    } catch (error) {
      if (error instanceof JetStreamApiError && WRONG_LAST_SEQUENCE.has(error.code)) return undefined;
      throw error;
    }
  };

export const createDrawChain = ({ connection, campaignId }: Omit<CampaignJournal, 'shards'>): DrawChain => {
  const stream = controlStreamName(campaignId);
  const subject = controlSubject(campaignId, DRAW_CHAIN);
  const api = createJournalApi(connection);
  const store = createStore(stream, api);
  let known: ChainEntry[] = [];
  const messageAt = async (at: { seq: number; next_by_subj?: string }, signal: AbortSignal) => {
    const { streams } = await api(signal);
    return abortable(about('read the steps of the draw', streams.getMessage(stream, at)), signal);
  };
  /** A stream that was restored, or made anew, may have other steps. */
  const isKnownStill = async (signal: AbortSignal): Promise<boolean> => {
    const last = known.at(-1);
    if (last === undefined) return true;
    const message = await messageAt({ seq: last.sequence }, signal);
    return message?.subject === subject && message.time.getTime() === last.storedAtMs;
  };
  return {
    async read(signal) {
      if (!(await isKnownStill(signal))) known = [];
      const entries = known;
      for (;;) {
        const next = (entries.at(-1)?.sequence ?? 0) + 1;
        const message = await messageAt({ next_by_subj: subject, seq: next }, signal);
        if (message === null) return [...entries];
        if (entries.length === MOST_STEPS) throw new RangeError(`the draw has more than ${MOST_STEPS} steps`);
        const step = readDrawStep(parseJson(message.data), message.seq);
        // Another read of this chain may have been faster.
        if ((entries.at(-1)?.sequence ?? 0) < message.seq)
          entries.push({ sequence: message.seq, storedAtMs: message.time.getTime(), step });
      }
    },
    append: async (step, after, signal) => (await store(subject, step, after, signal)) !== undefined,
  };
};

export const createControlLog = ({ connection, campaignId }: Omit<CampaignJournal, 'shards'>): ControlLog => {
  const stream = controlStreamName(campaignId);
  const api = createJournalApi(connection);
  const store = createStore(stream, api);

  const read: ControlLog['read'] = async (type, signal) => {
    const { streams } = await api(signal);
    const first = { next_by_subj: controlSubject(campaignId, type), seq: 1 };
    const asked = about(`read the entry ${type}`, streams.getMessage(stream, first));
    const message = await abortable(asked, signal);
    if (message === null) return undefined;
    return { sequence: message.seq, storedAtMs: message.time.getTime(), value: parseJson(message.data) };
  };

  return {
    read,
    async append(type, value, signal) {
      const sequence = await store(controlSubject(campaignId, type), value, 0, signal);
      const entry = await read(type, signal);
      if (entry === undefined)
        throw new Error(`another process may be appending the entry ${type}; none is stored yet`);
      return { kind: entry.sequence === sequence ? 'appended' : 'exists', entry };
    },
  };
};
