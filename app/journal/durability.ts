/** Whether the servers fsync before they acknowledge: asked of each one's monitoring page, believed of none unasked. */
import { z } from 'zod';

const page = z.object({ config: z.object({ sync_always: z.boolean().optional() }) });

export type Durability = 'Synced' | 'NotSynced' | 'Unknown';

const WITHIN_MS = 1_000;

const askServer = async (monitorUrl: string): Promise<Durability> => {
  try {
    const response = await fetch(`${monitorUrl}/jsz`, { signal: AbortSignal.timeout(WITHIN_MS) });
    return page.parse(await response.json()).config.sync_always === true ? 'Synced' : 'NotSynced';
  } catch {
    return 'Unknown';
  }
};

/**
 * | servers                    | answer |
 * |----------------------------|--------|
 * | none known                 | Unknown |
 * | one says that it doesn't   | NotSynced |
 * | all that answer say so, a majority answers | Synced |
 * | too few answer             | Unknown |
 *
 * A server that is down acknowledges nothing; when it is back it is asked again.
 */
export const readDurability = async (monitorUrls: readonly string[]): Promise<Durability> => {
  const answers = await Promise.all(monitorUrls.map((url) => askServer(url)));
  if (answers.includes('NotSynced')) return 'NotSynced';
  const synced = answers.filter((answer) => answer === 'Synced').length;
  return synced * 2 > monitorUrls.length ? 'Synced' : 'Unknown';
};
