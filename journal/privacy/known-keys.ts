/**
 * Remembers a campaign's data keys in the metadata of the control stream, which survives the loss of their bucket. A missing key
 * is then a loss, not a beginning.
 *
 * | the bucket                                   | result |
 * |----------------------------------------------|--------|
 * | holds keys that are not remembered           | they are remembered from now on |
 * | has a delete marker in place of a key        | destroyed on purpose: no loss |
 * | has the entry `destroyed`                    | all are destroyed on purpose: no loss |
 * | lacks a remembered key                       | lost, until a pod that still holds it writes it back |
 * | was missing, no key remembered, but shards hold registrations | keys are lost, until a pod has written one back |
 */
import type { JetStreamManager, StreamInfo } from '@nats-io/jetstream';
import type { JournalFault } from '../../contract/journal-health.ts';
import { controlStreamName, dataKeyBucketName, KEYS_DESTROYED, STREAM_KEYS_METADATA } from '../../contract/names.ts';
import { abortable } from '../../runtime/abortable.ts';
import type { JournalSpec } from '../administration.ts';

export interface KeyMemory {
  readonly remembered: readonly string[];
  readonly lost: readonly string[];
}

/** In place of lost keys whose names are unknown. */
const UNNAMED = 'unnamed';

/** Names of data keys in that metadata. */
export const keyNames = (metadata: string): readonly string[] => metadata.split(' ').filter((name) => name !== '');

/**
 * Pure.
 * @param held names in the bucket, also of destroyed keys
 * @param wasMissing there was no bucket, and the shards hold messages
 */
export const keyMemory = (metadata: string, held: readonly string[], wasMissing: boolean): KeyMemory => {
  const words = keyNames(metadata);
  const known = wasMissing && words.length === 0 ? [UNNAMED] : words;
  const remembered = [...new Set([...known, ...held])].filter((name) => name !== UNNAMED || held.length === 0).sort();
  return { remembered, lost: remembered.filter((name) => !held.includes(name)) };
};

export interface KeyPlaces {
  /** Shards and control stream, as far as they answered. */
  readonly streams: readonly StreamInfo[];
  /** The bucket's stream with its subjects; undefined when it did not answer. */
  readonly keys: StreamInfo | undefined;
  /** It has just been created. */
  readonly wasMissing: boolean;
}

export const keysFault = async (
  { streams }: JetStreamManager,
  spec: JournalSpec,
  { streams: infos, keys, wasMissing }: KeyPlaces,
  signal: AbortSignal,
): Promise<readonly JournalFault[]> => {
  const control = infos.find(({ config }) => config.name === controlStreamName(spec.campaignId));
  if (keys === undefined || control === undefined) return [];
  const prefix = `$KV.${dataKeyBucketName(spec.campaignId)}.`;
  const held = Object.keys(keys.state.subjects ?? {}).map((subject) => subject.slice(prefix.length));
  if (held.includes(KEYS_DESTROYED)) return [];
  const text = control.config.metadata?.[STREAM_KEYS_METADATA] ?? '';
  const holdMessages = infos.some(({ config, state }) => config.name !== control.config.name && state.last_seq > 0);
  const { remembered, lost } = keyMemory(text, held, wasMissing && holdMessages);
  const wanted = remembered.join(' ');
  if (wanted !== text) {
    const metadata = { ...control.config.metadata, [STREAM_KEYS_METADATA]: wanted };
    await abortable(streams.update(control.config.name, { ...control.config, metadata }), signal);
  }
  return lost.length === 0 ? [] : [{ kind: 'dataKeysLost', keys: lost, of: remembered.length }];
};
