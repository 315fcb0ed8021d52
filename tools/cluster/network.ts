/**
 * The cluster's own network namespace, and the link between it and the host. Its ports, interfaces, packet rules and
 * addresses are separate from the host and other clusters, and end with the namespace.
 */
import { z } from 'zod';
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

export const hostRoutes = async (): Promise<readonly string[]> =>
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
