/** A set of streams that could not be completed for want of room would keep the room that it has, for nothing. */
import type { JetStreamManager } from '@nats-io/jetstream';
import { dataKeyBucketName, liveBucketName } from '../../contract/names.ts';
import { abortable } from '../../runtime/abortable.ts';
import type { JournalSpec } from '../administration.ts';
import { hasBegun, infoOf } from './lost-streams.ts';
import { statedOwner, wantedOwner, wantedStreams } from './streams.ts';

/**
 * | bucket of data keys | a stream of the set          | |
 * |---------------------|------------------------------|-|
 * | there               | any                          | stays: intake pods may have begun |
 * | any                 | a shard that holds or held messages, or a control stream that remembers data keys | all stay: the campaign has begun, and what is missing is a loss |
 * | missing             | another object's             | stays |
 * | missing             | the bucket of live settings, holds or held any | stays |
 * | missing             | ours, never held any         | is removed |
 *
 * The control stream of a campaign that lives is empty as a rule, and its metadata is the only memory of keys that are lost.
 * No intake can seal, and so none can publish, before there is a bucket of data keys: nothing comes in behind the look.
 */
export const forgetHalfMade = async (
  manager: JetStreamManager,
  spec: JournalSpec,
  signal: AbortSignal,
): Promise<void> => {
  const info = (name: string) => infoOf(manager, name);
  const [keys, live] = await abortable(
    Promise.all([dataKeyBucketName(spec.campaignId), liveBucketName(spec.campaignId)].map((one) => info(`KV_${one}`))),
    signal,
  );
  if (keys !== undefined) return;
  const found = await abortable(Promise.all(wantedStreams(spec).map(({ name }) => info(name))), signal);
  const made = found.filter((one) => one !== undefined);
  if (hasBegun(spec.campaignId, made)) return;
  for (const one of live === undefined ? made : [...made, live]) {
    if (statedOwner(one.config) !== wantedOwner(spec) || one.state.last_seq > 0) continue;
    await abortable(manager.streams.delete(one.config.name), signal);
  }
};
