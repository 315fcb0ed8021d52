/**
 * The cluster's own network namespace, and the link between it and the host. Its ports, interfaces, packet rules and
 * addresses are separate from the host and other clusters, and end with the namespace.
 */
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { locked } from '../../local/binaries/lock.ts';
import { type Addresses, addressesOf, type Place, SLOTS } from './place.ts';
import { run, succeeds } from './run.ts';

const ROUTES = z.array(z.object({ dst: z.string() }));

/** The first slot whose range is used neither by another cluster nor by a route of the host. */
export const freeSlot = (taken: readonly number[], routes: readonly string[]): number | undefined => {
  for (let slot = 0; slot < SLOTS; slot += 1) {
    const prefix = addressesOf(slot).range.split('.').slice(0, 2).join('.');
    if (!taken.includes(slot) && !routes.some((route) => route.startsWith(`${prefix}.`))) return slot;
  }
  return undefined;
};

const hostRoutes = async (): Promise<readonly string[]> =>
  ROUTES.parse(JSON.parse(await run('ip', ['-json', '-4', 'route', 'show']))).map(({ dst }) => dst);

const inside = (place: Place, ...command: readonly string[]): Promise<string> =>
  run('nsenter', [`--net=${place.netns}`, ...command]);

export const hasNamespace = (place: Place): Promise<boolean> => succeeds('nsenter', [`--net=${place.netns}`, 'true']);

/** The host's end of the link; only this program uses this name. */
export const hasLink = (place: Place): Promise<boolean> => succeeds('ip', ['link', 'show', place.link]);

/** True when no process is in the network namespace. */
export const isNamespaceIdle = async (place: Place): Promise<boolean> =>
  (await run('ip', ['netns', 'pids', place.name])).trim() === '';

/** Creates what is missing. */
export const ensureNetwork = async (place: Place, addresses: Addresses): Promise<void> => {
  if (!(await hasNamespace(place))) {
    // After a reboot the file exists, but no namespace is mounted on it.
    await run('ip', ['netns', 'delete', place.name]).catch(() => undefined);
    await run('ip', ['netns', 'add', place.name]);
  }
  await inside(place, 'ip', 'link', 'set', 'lo', 'up');
  await inside(place, 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward');
  if (!(await hasLink(place))) {
    await run('ip', ['link', 'add', place.link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', place.name]);
  }
  await run('ip', ['address', 'replace', `${addresses.host}/30`, 'dev', place.link]);
  await run('ip', ['link', 'set', place.link, 'up']);
  await inside(place, 'ip', 'address', 'replace', `${addresses.node}/30`, 'dev', 'eth0');
  await inside(place, 'ip', 'link', 'set', 'eth0', 'up');
  await inside(place, 'ip', 'route', 'replace', 'default', 'via', addresses.host);
  await run('ip', ['route', 'replace', addresses.range, 'via', addresses.node, 'dev', place.link]);
};

/** This also removes the other end of the link, the route and every rule inside. */
export const removeNetwork = async (place: Place): Promise<void> => {
  if (await hasLink(place)) await run('ip', ['link', 'delete', place.link]);
  await run('ip', ['netns', 'delete', place.name]).catch(() => undefined);
};

/** The address range of a cluster: chosen once, recorded in its folder, different from all others. */
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
