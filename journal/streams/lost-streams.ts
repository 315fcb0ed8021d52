/**
 * Remembers the lost streams of a campaign that had begun. Registration continues in a new stream; what the old one held and no
 * records pod had read is lost. The memory is in the metadata of the control stream, like that of data keys.
 *
 * | the campaign  | a stream is | result |
 * |---------------|-------------|--------|
 * | has not begun | missing     | it is created |
 * | has begun     | missing     | it is remembered as lost, and created again |
 * | any           | remembered  | reported, until a person has accepted the loss by the campaign's annotation |
 *
 * A campaign has begun when a data key is remembered, or when a shard or the bucket of data keys has or had a message. The number
 * of shards is fixed for a campaign's life, so a missing shard is never a new one.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { JetStreamManager, StreamInfo } from '@nats-io/jetstream';
import type { JournalFault } from '../../contract/journal-health.ts';
import {
  controlStreamName,
  dataKeyBucketName,
  STREAM_KEYS_METADATA,
  STREAM_LOSSES_METADATA,
} from '../../contract/names.ts';
import { abortable } from '../../runtime/abortable.ts';
import type { JournalSpec } from '../administration.ts';
import { about, orUndefined } from '../errors.ts';
import type { WantedStream } from './streams.ts';

/** A meta leader that was just elected may learn of a stream a moment later. */
const LOOK_AGAIN_AFTER_MS = 1_000;

export const infoOf = ({ streams }: Pick<JetStreamManager, 'streams'>, name: string): Promise<StreamInfo | undefined> =>
  orUndefined(about(name, streams.info(name)));

/** As far as shards and control stream show. */
export const hasBegun = (campaignId: string, infos: readonly StreamInfo[]): boolean =>
  infos.some(({ config, state }) =>
    config.name === controlStreamName(campaignId)
      ? (config.metadata?.[STREAM_KEYS_METADATA] ?? '') !== ''
      : state.last_seq > 0,
  );

const streamOf = (loss: string): string => loss.slice(0, loss.lastIndexOf('@'));

/**
 * Pure.
 * @param metadata losses such as `REG_spring_0@2020-09-25T12:00:00Z`, in one text
 * @param missing streams that are lost now; one that is already remembered keeps its time
 * @param accepted losses that a person has accepted
 */
export const lossesOf = (
  metadata: string,
  missing: readonly string[],
  accepted: readonly string[],
  atMs: number,
): readonly string[] => {
  const known = metadata.split(' ').filter((loss) => loss !== '' && !accepted.includes(loss));
  const fresh = missing.filter((name) => !known.some((loss) => streamOf(loss) === name));
  return [...known, ...fresh.map((name) => `${name}@${new Date(atMs).toISOString().slice(0, 19)}Z`)].sort();
};

export const lossFaults = (losses: readonly string[]): readonly JournalFault[] =>
  losses.length === 0 ? [] : [{ kind: 'streamsLost', streams: [...new Set(losses.map(streamOf))], losses }];

/** Losses that the control stream remembers, without a new decision. */
export const rememberedFaults = (campaignId: string, infos: readonly StreamInfo[]): readonly JournalFault[] => {
  const control = infos.find(({ config }) => config.name === controlStreamName(campaignId));
  return lossFaults(lossesOf(control?.config.metadata?.[STREAM_LOSSES_METADATA] ?? '', [], [], 0));
};

export interface LossPlaces {
  /** Existing shards and control stream. */
  readonly infos: readonly StreamInfo[];
  readonly missing: readonly WantedStream[];
}

export interface LossMemory {
  readonly losses: readonly string[];
  /** The control stream as it is now; undefined where it was missing and the campaign has not begun. */
  readonly control: StreamInfo | undefined;
}

/** Called before anything is created, so that an operator that ends in between does not forget a loss. */
export const rememberLosses = async (
  manager: JetStreamManager,
  spec: JournalSpec,
  { infos, missing }: LossPlaces,
  nowMs: number,
  signal: AbortSignal,
): Promise<LossMemory> => {
  const { streams } = manager;
  const controlName = controlStreamName(spec.campaignId);
  const lost = await lostOf(manager, spec.campaignId, { infos, missing }, signal);
  const control = infos.find(({ config }) => config.name === controlName);
  const text = control?.config.metadata?.[STREAM_LOSSES_METADATA] ?? '';
  const losses = lossesOf(text, lost, spec.acceptedLosses ?? [], nowMs);
  const memory = { [STREAM_LOSSES_METADATA]: losses.join(' ') };
  if (control !== undefined) {
    if (memory[STREAM_LOSSES_METADATA] === text) return { losses, control };
    const config = { ...control.config, metadata: { ...control.config.metadata, ...memory } };
    return { losses, control: await abortable(streams.update(controlName, config), signal) };
  }
  const wanted = missing.find(({ name }) => name === controlName);
  if (wanted === undefined || losses.length === 0) return { losses, control };
  const added = streams.add({ ...wanted, metadata: { ...wanted.metadata, ...memory } });
  return { losses, control: await abortable(added, signal) };
};

/** @throws Error when a missing stream exists a second later */
const lostOf = async (
  manager: JetStreamManager,
  campaignId: string,
  { infos, missing }: LossPlaces,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  if (missing.length === 0) return [];
  const keys = await abortable(infoOf(manager, `KV_${dataKeyBucketName(campaignId)}`), signal);
  if (!hasBegun(campaignId, infos) && (keys === undefined || keys.state.last_seq === 0)) return [];
  await delay(LOOK_AGAIN_AFTER_MS, undefined, { signal });
  const again = await abortable(Promise.all(missing.map(({ name }) => infoOf(manager, name))), signal);
  const back = again.find((info) => info !== undefined);
  if (back !== undefined) throw new Error(`${back.config.name} was not found at first, but a second later`);
  return missing.map(({ name }) => name);
};
