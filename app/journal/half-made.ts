/** A set of streams that could not be completed for want of room would keep the room that it has, for nothing. */
import type { JetStreamManager } from '@nats-io/jetstream';
import { dataKeyBucketName, liveBucketName } from '../../operator/api/names.ts';
import type { JournalSpec } from '../../operator/reconcile/ports.ts';
import { abortable } from './abortable.ts';
import { kindOfError } from './errors.ts';
import { statedOwner, wantedOwner, wantedStreams } from './streams.ts';

/**
 * | bucket of data keys | a stream of the set          | |
 * |---------------------|------------------------------|-|
 * | there               | any                          | stays: intake pods may have begun |
 * | missing             | another object's             | stays |
 * | missing             | ours, holds or held messages | stays |
 * | missing             | ours, never held any         | is removed |
 *
 * No intake can seal, and so none can publish, before there is a bucket of data keys: nothing comes in behind the look.
 */
export const forgetHalfMade = async (
  { streams }: JetStreamManager,
  spec: JournalSpec,
  signal: AbortSignal,
): Promise<void> => {
  const info = (name: string) =>
    streams.info(name).catch((error: unknown) => {
      if (kindOfError(error) === 'notFound') return undefined;
      throw error;
    });
  const [keys, live] = await abortable(
    Promise.all([dataKeyBucketName(spec.campaignId), liveBucketName(spec.campaignId)].map((one) => info(`KV_${one}`))),
    signal,
  );
  if (keys !== undefined) return;
  const made = await abortable(Promise.all(wantedStreams(spec).map(({ name }) => info(name))), signal);
  for (const one of [...made, live]) {
    if (one === undefined || statedOwner(one.config) !== wantedOwner(spec) || one.state.last_seq > 0) continue;
    await abortable(streams.delete(one.config.name), signal);
  }
};
