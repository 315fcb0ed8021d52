/**
 * Reads the operator's value with the shares of outside systems (contract/outside/outside.ts) from the live bucket, and says since when it is
 * certainly the newest one.
 *
 * The leader is asked, never a replica, which may be behind. But a leader that is cut off from the others answers with old values
 * for up to 20 s before it steps down, while a new one already accepts the operator's writes. So the leader is first asked when it
 * last heard from its followers: with a majority of servers, itself included, it was the only leader at that time, and what it then
 * answers is no older.
 *
 * | the servers answer                                    | reading |
 * |-------------------------------------------------------|---------|
 * | the value, after contact with a majority              | its shares, as old as that contact |
 * | that there is no value, or one that is not understood | no shares, as old as that contact |
 * | that the leader has no contact with a majority, or that there is no leader; another error; nothing in time | an error |
 */
import { z } from 'zod';
import { liveBucketName } from '../../contract/names.ts';
import { type OutsideShares, sharesKey } from '../../contract/outside/outside.ts';
import type { Tier } from '../../contract/tiers.ts';
import { parseUntrusted } from '../../contract/untrusted.ts';
import { abortable } from '../../runtime/abortable.ts';
import type { CampaignJournal } from '../connection.ts';

export interface SharesReading {
  /** Undefined: there is no value, or one that is not understood. */
  readonly shares: OutsideShares | undefined;
  /** How long before the reading began the leader was last known to be the only one. */
  readonly unprovenMs: number;
  /** Of the value; 0 without one. Rises with each write, unless the bucket was lost and is made again. */
  readonly revision: number;
}

/** Reads once. Rejects with what is in the way, or with the signal's reason. */
export type ReadShares = (signal: AbortSignal) => Promise<SharesReading>;

const WITHIN_MS = 1_000;
const NOT_FOUND = 10037;

const count = z.number().int().nonnegative();
/** Unknown fields are ignored; an unknown version is not understood. */
const value: z.ZodType<OutsideShares> = z.object({
  v: z.literal(1),
  targets: z.record(
    z.string(),
    z.object({
      perSecond: z.record(z.string(), z.number().nonnegative()),
      stopped: z.object({ reason: z.string(), since: z.string() }).exactOptional(),
      day: z
        .object({ date: z.string(), used: count, counted: z.record(z.string(), count).exactOptional() })
        .exactOptional(),
    }),
  ),
});

/** Undefined for what is not understood. */
export const parseShares = (bytes: string | Uint8Array): OutsideShares | undefined => parseUntrusted(value, bytes);

const failure = z.object({ error: z.object({ err_code: z.number().optional(), description: z.string().optional() }) });

const info = z.union([
  failure,
  z.object({
    cluster: z
      .object({
        leader: z.string().min(1),
        /** `active`: nanoseconds since the leader heard from it; 0 where it never has. */
        replicas: z.array(z.object({ active: z.number().nonnegative() })).default([]),
      })
      // One server alone has none.
      .exactOptional(),
  }),
]);

const answer = z.union([
  failure,
  z.object({ message: z.object({ seq: count, hdrs: z.base64().optional(), data: z.base64().default('') }) }),
]);

const refused = ({ error }: z.infer<typeof failure>): Error =>
  new Error(`the live bucket answered: ${error.description ?? 'an error'}`);

/**
 * How long ago the leader had contact with so many followers that no other one can have been elected before.
 * @param text answer to STREAM.INFO
 * @throws Error when that is unknown
 */
export const unprovenMsOf = (text: string): number => {
  const parsed = parseUntrusted(info, text);
  if (parsed === undefined) throw new Error('the live bucket has no leader, or gave an answer that is not understood');
  if ('error' in parsed) throw refused(parsed);
  const replicas = parsed.cluster?.replicas ?? [];
  const needed = Math.floor((replicas.length + 1) / 2);
  if (needed === 0) return 0;
  const heard = replicas.flatMap(({ active }) => (active > 0 ? [active] : [])).sort((a, b) => a - b);
  const last = heard[needed - 1];
  if (last === undefined) throw new Error('the leader of the live bucket has no contact with a majority of servers');
  return last / 1e6;
};

interface LastValue {
  /** Undefined: there is none, or it was deleted. */
  readonly bytes: Uint8Array | undefined;
  readonly revision: number;
}

const lastValue = (text: string): LastValue => {
  const data = parseUntrusted(answer, text);
  if (data === undefined) throw new Error('the live bucket gave an answer that is not understood');
  if ('error' in data) {
    if (data.error.err_code === NOT_FOUND) return { bytes: undefined, revision: 0 };
    throw refused(data);
  }
  const { seq, hdrs = '', data: bytes } = data.message;
  // A delete marker, which has headers and no value.
  const isDeleted = Buffer.from(hdrs, 'base64').toString().includes('KV-Operation');
  return { bytes: isDeleted ? undefined : Buffer.from(bytes, 'base64'), revision: seq };
};

/**
 * @param text answer to STREAM.MSG.GET
 * @throws Error on any other answer than a message, or that there is none
 */
export const readValue = (text: string): Pick<SharesReading, 'shares' | 'revision'> => {
  const { bytes, revision } = lastValue(text);
  return { shares: bytes && parseShares(bytes), revision };
};

type ProvenRead = (signal: AbortSignal) => Promise<LastValue & Pick<SharesReading, 'unprovenMs'>>;

/** Of a key in the live bucket. */
export const createProvenRead = (
  { connection, campaignId }: Omit<CampaignJournal, 'shards'>,
  key: string,
): ProvenRead => {
  const bucket = liveBucketName(campaignId);
  const subject = `$KV.${bucket}.${key}`;
  const ask = async (call: string, body: string, signal: AbortSignal): Promise<string> => {
    const asked = connection.nats.request(`$JS.API.STREAM.${call}.KV_${bucket}`, body, { timeout: WITHIN_MS });
    return (await abortable(asked, signal)).string();
  };
  return async (signal) => {
    signal.throwIfAborted();
    if (!connection.isConnected()) throw new Error('the journal is not connected');
    // In this order: a leader that is deposed between the two is found out at the next reading, and this one is as old as the first.
    const unprovenMs = unprovenMsOf(await ask('INFO', '', signal));
    return { ...lastValue(await ask('MSG.GET', JSON.stringify({ last_by_subj: subject }), signal)), unprovenMs };
  };
};

export const createSharesRead = ({
  tier,
  ...journal
}: Omit<CampaignJournal, 'shards'> & { readonly tier: Tier }): ReadShares => {
  const read = createProvenRead(journal, sharesKey(tier));
  return async (signal) => {
    const { bytes, revision, unprovenMs } = await read(signal);
    return { shares: bytes && parseShares(bytes), revision, unprovenMs };
  };
};
