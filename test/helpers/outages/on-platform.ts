/** What people see of an outage on a platform: the condition, the events, and how long that took. */
import { z } from 'zod';
import { eventually } from '../eventually.ts';
import type { Platform } from '../platform.ts';
import type { Outage, SeenEvent } from './outage.ts';

const condition = z.object({
  type: z.string(),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.string(),
  message: z.string(),
});
const campaigns = z.object({
  items: z.array(z.object({ status: z.object({ conditions: z.array(condition) }).optional() })),
});
const events = z.object({ items: z.array(z.object({ reason: z.string(), note: z.string() })) });

export type SeenCondition = z.infer<typeof condition>;

export interface SeenOutage extends Outage {
  readonly condition: SeenCondition;
}

export const conditionsOn = async (platform: Pick<Platform, 'kubectl'>): Promise<readonly SeenCondition[]> => {
  const { items } = campaigns.parse(JSON.parse(await platform.kubectl('get', 'vcamp', '-o', 'json')));
  return items[0]?.status?.conditions ?? [];
};

export const conditionOn = async (platform: Pick<Platform, 'kubectl'>, type: string): Promise<SeenCondition> => {
  const found = (await conditionsOn(platform)).find((one) => one.type === type);
  if (found === undefined) throw new Error(`the campaign has no condition ${type}`);
  return found;
};

/** Waits until the condition is as it is wanted. */
export const until = (
  platform: Pick<Platform, 'kubectl'>,
  type: string,
  isSo: (condition: SeenCondition) => boolean,
  what: string,
): Promise<SeenCondition> =>
  eventually(
    async () => {
      const found = await conditionOn(platform, type);
      return isSo(found) && found;
    },
    { timeoutMs: 150_000, everyMs: 100, what: `${type} to be ${what}` },
  );

export const eventsOn = async (
  platform: Pick<Platform, 'kubectl'>,
  reasons: readonly string[],
): Promise<readonly SeenEvent[]> => {
  const args = ['get', 'events.events.k8s.io', '--sort-by=.metadata.creationTimestamp', '-o', 'json'];
  const { items } = events.parse(JSON.parse(await platform.kubectl(...args)));
  return items.flatMap(({ reason, note }) => (reasons.includes(reason) ? [{ reason, message: note }] : []));
};

/** Waits for the condition, and for an event with one of the reasons. */
export const seenOutage = async (
  platform: Pick<Platform, 'kubectl'>,
  type: string,
  reasons: readonly string[],
  eventReasons: readonly string[],
  sinceMs: number,
): Promise<SeenOutage> => {
  const found = await until(
    platform,
    type,
    ({ status, reason }) => status === 'False' && reasons.includes(reason),
    reasons.join(' or '),
  );
  const secondsUntilSeen = (Date.now() - sinceMs) / 1000;
  const told = await eventually(
    async () => {
      const all = await eventsOn(platform, eventReasons);
      return all.length > 0 && all;
    },
    { what: `an event ${eventReasons.join(' or ')}`, everyMs: 200 },
  );
  return { condition: found, events: told, secondsUntilSeen };
};
