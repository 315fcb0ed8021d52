/** Keys of a campaign's live bucket, as messages of its stream, so that only its leader answers. */
import { JetStreamApiError } from '@nats-io/jetstream';
import { liveBucketName } from '../../contract/names.ts';
import { abortable } from '../../runtime/abortable.ts';
import type { JournalApi } from '../api.ts';
import { orUndefined, WRONG_LAST_SEQUENCE } from '../errors.ts';

const WRITE_WITHIN_MS = 3_000;
const OPERATION = 'KV-Operation';

export interface LiveKey {
  readonly campaignId: string;
  readonly key: string;
}

const placeOf = ({ campaignId, key }: LiveKey) => {
  const bucket = liveBucketName(campaignId);
  return { stream: `KV_${bucket}`, subject: `$KV.${bucket}.${key}` };
};

export interface LiveValue {
  /** Undefined: there is none, or it was deleted. */
  readonly data: Uint8Array | undefined;
  /** 0: the key was never written. */
  readonly revision: number;
}

export const readLiveKey = async (api: JournalApi, where: LiveKey, signal: AbortSignal): Promise<LiveValue> => {
  const { stream, subject } = placeOf(where);
  const { streams } = await api(signal);
  const message = await abortable(orUndefined(streams.getMessage(stream, { last_by_subj: subject })), signal);
  if (message === undefined || message === null) return { data: undefined, revision: 0 };
  const isDeleted = message.header.get(OPERATION) !== '';
  return { data: isDeleted ? undefined : message.data, revision: message.seq };
};

/**
 * Only while the key has this revision; 0: only while it was never written.
 *
 * @returns the new revision; undefined: another process has written meanwhile
 */
export const writeLiveKey = async (
  api: JournalApi,
  where: LiveKey,
  text: string,
  revision: number,
  signal: AbortSignal,
): Promise<number | undefined> => {
  const { stream, subject } = placeOf(where);
  const manager = await api(signal);
  const expect = { streamName: stream, lastSubjectSequence: revision };
  const writing = manager.jetstream().publish(subject, text, { expect, timeout: WRITE_WITHIN_MS });
  try {
    return (await abortable(writing, signal)).seq;
  } catch (error) {
    if (error instanceof JetStreamApiError && WRONG_LAST_SEQUENCE.has(error.code)) return undefined;
    throw error;
  }
};
