/**
 * Removes a campaign's journal permanently. The control stream is last, because it names the owner: an interrupted removal can
 * continue.
 */
import type { JetStreamManager } from '@nats-io/jetstream';
import { controlStreamName } from '../../contract/names.ts';
import { abortable } from '../../runtime/abortable.ts';
import type { JournalRemoval, JournalSpec } from '../administration.ts';
import { orUndefined } from '../errors.ts';
import { bucketsOf } from './buckets.ts';
import { statedOwner, UNKNOWN_OWNER, wantedOwner, wantedStreams } from './streams.ts';

/** @throws Error of the client when the journal does not answer */
export const removeJournal = async (
  { streams }: JetStreamManager,
  spec: JournalSpec,
  signal: AbortSignal,
): Promise<JournalRemoval> => {
  const control = controlStreamName(spec.campaignId);
  const shards = wantedStreams(spec)
    .map(({ name }) => name)
    .filter((name) => name !== control);
  const owned = await abortable(
    Promise.all([...shards, control].map((name) => orUndefined(streams.info(name)))),
    signal,
  );
  const foreign = owned.find((info) => info !== undefined && statedOwner(info.config) !== wantedOwner(spec));
  if (foreign !== undefined) {
    const owner = statedOwner(foreign.config) ?? UNKNOWN_OWNER;
    return { kind: 'foreign', message: `stream ${foreign.config.name} belongs to ${owner}` };
  }
  if (owned.every((info) => info === undefined)) return { kind: 'removed', streams: 0 };
  let removed = 0;
  for (const name of [
    ...bucketsOf({ ...spec, hasClaims: true, hasExcluded: true }).map((bucket) => `KV_${bucket}`),
    ...shards,
    control,
  ]) {
    const answer = await abortable(orUndefined(streams.delete(name)), signal);
    if (answer !== undefined) removed += 1;
  }
  return { kind: 'removed', streams: removed };
};
