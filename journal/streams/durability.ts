/** Whether the servers fsync before they acknowledge: as each one's monitoring page says, believed of none unasked. */
import type { ServerLook } from './servers.ts';

export type Durability = 'Synced' | 'NotSynced' | 'Unknown';

/**
 * | servers                    | answer |
 * |----------------------------|--------|
 * | none known                 | Unknown |
 * | one says that it doesn't   | NotSynced |
 * | all that answer say so, a majority answers | Synced |
 * | too few answer             | Unknown |
 *
 * A server that is down, or whose JetStream is off, acknowledges nothing and says nothing of its store; when it is back it
 * is asked again.
 */
export const durabilityOf = (servers: readonly ServerLook[]): Durability => {
  const told = servers.flatMap(({ syncsAlways }) => (syncsAlways === undefined ? [] : [syncsAlways]));
  if (told.includes(false)) return 'NotSynced';
  return told.length * 2 > servers.length ? 'Synced' : 'Unknown';
};
