/** Removes a set of streams that could not be completed for lack of room, so that it does not keep its room. */
import type { JetStreamManager } from '@nats-io/jetstream';
import { dataKeyBucketName, liveBucketName } from '../../contract/names.ts';
import { abortable } from '../../runtime/abortable.ts';
import type { JournalSpec } from '../administration.ts';
import { hasBegun, infoOf } from './lost-streams.ts';
import { statedOwner, wantedOwner, wantedStreams } from './streams.ts';

/**
 * | bucket of data keys | a stream of the set          | result |
 * |---------------------|------------------------------|--------|
 * | exists              | any                          | stays: intake pods may have begun |
 * | any                 | a shard that has or had messages, or a control stream that remembers data keys | all stay: the campaign has begun, and missing streams are lost |
 * | missing             | of another object            | stays |
 * | missing             | the bucket of live settings, has or had any | stays |
 * | missing             | ours, never had any          | is removed |
 *
 * The control stream is usually empty, and its metadata is the only memory of lost keys. No intake can seal or publish without a
 * bucket of data keys, so nothing arrives between check and removal.
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
