/** What an intake does about the destruction of all keys of its campaign. */
import { setTimeout as delay } from 'node:timers/promises';
import { Gauge, type Registry } from 'prom-client';
import { METRICS } from '../../contract/app-contract.ts';
import { KEYS_DESTROYED } from '../../contract/names.ts';
import type { DataKeyStore } from '../../journal/privacy/data-keys.ts';
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

/** For the operator, which may not read the Secret. */
export const exportPrivacyKeys = (registry: Registry, dir: string): void => {
  const gauge = new Gauge({
    name: METRICS.privacyKeys,
    help: 'Keys of the privacy Secret in the mount of this pod; 0 once the Secret is empty.',
    registers: [registry],
    async collect() {
      const count = await countPrivacyKeys(dir).catch(() => undefined);
      if (count === undefined) gauge.reset();
      else gauge.set(count);
    },
  });
};
