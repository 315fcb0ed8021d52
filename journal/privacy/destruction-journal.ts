/** Implements DestructionJournal. */
import type { JetStreamManager } from '@nats-io/jetstream';
import type { Destroying } from '../../contract/decisions/control.ts';
import { readControlValue } from '../../contract/decisions/control-schema.ts';
import { defined } from '../../contract/defined.ts';
import {
  controlStreamName,
  dataKeyBucketName,
  STREAM_KEYS_DESTROYED_METADATA,
  STREAM_KEYS_METADATA,
} from '../../contract/names.ts';
import { abortable } from '../../runtime/abortable.ts';
import { createJournalApi } from '../api.ts';
import type { JournalConnection } from '../connection.ts';
import { about } from '../errors.ts';
import { createControlLog } from '../freeze/control.ts';
import { closeBucket, lookAtBucket } from './closed-bucket.ts';
import type { DestructionJournal } from './destroying.ts';
import { keyNames } from './known-keys.ts';

/** More than the headers of an entry. */
const HEADERS_BYTES = 1_024;

/**
 * The control stream takes messages of 16 KiB, and an order names two keys a day: after a year they would be more. The journal's servers
 * take 1 MiB.
 */
const makeRoom = async ({ streams }: JetStreamManager, order: Destroying, signal: AbortSignal): Promise<void> => {
  const control = controlStreamName(order.campaignId);
  const needed = Buffer.byteLength(JSON.stringify(order)) + HEADERS_BYTES;
  const { config } = await abortable(about('ask for the control stream', streams.info(control)), signal);
  if (config.max_msg_size < 0 || config.max_msg_size >= needed) return;
  const updating = streams.update(control, { ...config, max_msg_size: needed });
  await abortable(about('make room for the order to destroy', updating), signal);
};

export const createDestructionJournal = (connection: JournalConnection): DestructionJournal => {
  const api = createJournalApi(connection);
  const logOf = (campaignId: string) => createControlLog({ connection, campaignId });

  return {
    async decided(campaignId, signal) {
      const log = logOf(campaignId);
      const destroying = await log.read('destroying', signal);
      if (destroying === undefined) return {};
      const destroyed = await log.read('destroyed', signal);
      return {
        destroying: readControlValue('destroying', destroying.value),
        ...(destroyed === undefined ? {} : { destroyed: readControlValue('destroyed', destroyed.value) }),
      };
    },

    async keys(campaignId, signal) {
      const manager = await api(signal);
      const asked = manager.streams.info(controlStreamName(campaignId));
      const { config } = await abortable(about('ask for the control stream', asked), signal);
      const { names, closedAtMs, serverMs } = await lookAtBucket(manager, dataKeyBucketName(campaignId), signal);
      const remembered = keyNames(config.metadata?.[STREAM_KEYS_METADATA] ?? '');
      const isNoted = config.metadata?.[STREAM_KEYS_DESTROYED_METADATA] !== undefined;
      return {
        names: [...new Set([...remembered, ...names])].sort(),
        serverMs,
        ...defined({ destroyedAtMs: isNoted ? closedAtMs : undefined }),
      };
    },

    async order(order, signal) {
      await makeRoom(await api(signal), order, signal);
      const { entry } = await logOf(order.campaignId).append('destroying', order, signal);
      return readControlValue('destroying', entry.value);
    },

    async destroyKeys(campaignId, at, signal) {
      const manager = await api(signal);
      const control = controlStreamName(campaignId);
      const { config } = await abortable(about('ask for the control stream', manager.streams.info(control)), signal);
      // First: from here on a bucket that is lost is created closed (streams/ensure.ts).
      if (config.metadata?.[STREAM_KEYS_DESTROYED_METADATA] === undefined) {
        const metadata = { ...config.metadata, [STREAM_KEYS_DESTROYED_METADATA]: at };
        const updating = manager.streams.update(control, { ...config, metadata });
        await abortable(about('note the destruction of the data keys', updating), signal);
      }
      await closeBucket(manager, dataKeyBucketName(campaignId), at, signal);
    },

    async complete(destroyed, signal) {
      const { entry } = await logOf(destroyed.campaignId).append('destroyed', destroyed, signal);
      return readControlValue('destroyed', entry.value);
    },
  };
};
