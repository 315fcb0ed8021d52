/** The address range of a cluster: chosen once, recorded in its folder, different from all others. */
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { locked } from '../../local/binaries/lock.ts';
import { freeSlot, hostRoutes } from './network.ts';
import { type Place, SLOTS } from './place.ts';

const CLUSTER = z.object({
  slot: z.int().min(0).lt(SLOTS),
  bootId: z.string(),
});
type ClusterRecord = z.infer<typeof CLUSTER>;

const fileOf = (dir: string): string => join(dir, 'cluster.json');

export const clusterRecord = async (dir: string): Promise<ClusterRecord | undefined> => {
  const text = await readFile(fileOf(dir), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : CLUSTER.parse(JSON.parse(text));
};

const otherSlots = async (place: Place): Promise<readonly number[]> => {
  const root = dirname(place.dir);
  const records = await Promise.all((await readdir(root)).map((name) => clusterRecord(join(root, name))));
  return records.flatMap((record) => (record === undefined ? [] : [record.slot]));
};

/** The existing record, or a new one. @throws Error when all ranges are used */
export const ensureSlot = async (place: Place, bootId: string, signal: AbortSignal): Promise<ClusterRecord> => {
  const known = await clusterRecord(place.dir);
  if (known !== undefined) return known;
  await mkdir(place.dir, { recursive: true });
  return locked(join(dirname(place.dir), '.slots.lock'), { signal, onWait: () => undefined }, async () => {
    const slot = freeSlot(await otherSlots(place), await hostRoutes());
    if (slot === undefined) {
      throw new Error(
        'no address range from 10.200.0.0/16 to 10.231.0.0/16 is free: remove clusters with "npm run cluster -- down --name NAME"',
      );
    }
    const record: ClusterRecord = { slot, bootId };
    await writeFile(`${fileOf(place.dir)}.new`, JSON.stringify(record));
    await rename(`${fileOf(place.dir)}.new`, fileOf(place.dir));
    return record;
  });
};
