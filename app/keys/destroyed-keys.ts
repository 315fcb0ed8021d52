/** What an intake does about the destruction of all keys of its campaign. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import { METRICS } from '../../contract/app-contract.ts';
import { metric } from '../../contract/metrics/metrics.ts';
import { KEYS_DESTROYED } from '../../contract/names.ts';
import type { DataKeyStore } from '../../journal/privacy/data-keys.ts';
import { sampledGauge } from '../../runtime/metrics.ts';
import type { Logger } from '../log.ts';
import { countPrivacyKeys } from './privacy-keys.ts';

/** Not all pods at once. */
const END_WITHIN_MS = 10_000;

/** Whether the bucket says so. @throws Error when it can't be asked */
export const areKeysDestroyed = async (store: Pick<DataKeyStore, 'look'>, signal: AbortSignal): Promise<boolean> => {
  const seen = await store.look(signal);
  return seen !== 'gone' && seen.names.includes(KEYS_DESTROYED);
};

/**
 * Ends this process, so that the citizen key and every copy of it leave its memory: a key object can't be overwritten. The process that
 * the kubelet starts instead reads no key.
 */
export const endSoon = (log: Logger, ended: AbortSignal): void => {
  const delayMs = Math.random() * END_WITHIN_MS;
  log.info({ delayMs: Math.round(delayMs) }, 'all keys of the campaign are destroyed; restarting without keys');
  void delay(delayMs, undefined, { signal: ended, ref: false }).then(
    () => process.kill(process.pid, 'SIGTERM'),
    () => undefined,
  );
};

/** For the operator, which may not read the Secret. Absent while the mount can't be read: that is not a zero. */
export const exportPrivacyKeys = (registry: Registry, dir: string): void =>
  sampledGauge(registry, metric(METRICS.privacyKeys), async () => {
    const count = await countPrivacyKeys(dir).catch(() => undefined);
    return count === undefined ? [] : [[{}, count]];
  });
