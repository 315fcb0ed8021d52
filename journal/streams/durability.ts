/** Whether the servers fsync before they acknowledge, by the monitoring page of each one. */
import type { ServerLook } from './servers.ts';

export type Durability = 'Synced' | 'NotSynced' | 'Unknown';

/**
 * | servers                    | answer |
 * |----------------------------|--------|
 * | none known                 | Unknown |
 * | one does not               | NotSynced |
 * | a majority answers, and all of those do | Synced |
 * | too few answer             | Unknown |
 *
 * A server that is down, or whose JetStream is off, acknowledges nothing; it is asked again when it is back.
 */
export const durabilityOf = (servers: readonly ServerLook[]): Durability => {
  const known = servers.flatMap(({ syncsAlways }) => (syncsAlways === undefined ? [] : [syncsAlways]));
  if (known.includes(false)) return 'NotSynced';
  return known.length * 2 > servers.length ? 'Synced' : 'Unknown';
};
