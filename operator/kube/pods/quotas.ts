/**
 * What the ResourceQuotas of a namespace allow now. A controller that was refused backs off for up to 17 minutes and
 * keeps its first message (pkg/controller/replicaset: calculateStatus writes no new one while it fails); the quota itself
 * shows at once whether there is room.
 */
import { z } from 'zod';
import type { Clock } from '../../../runtime/clock.ts';
import { QUOTAS } from '../api-resources.ts';
import type { KubeClient } from '../client.ts';
import { createLook, type Look } from '../look.ts';
import type { KubeObject } from '../objects.ts';
import { parseQuantity } from './quantity.ts';

/** By resource name of a quota, such as `requests.cpu`, in base units. */
export type Amounts = ReadonlyMap<string, number>;

interface Quota {
  readonly name: string;
  readonly hard: Amounts;
  readonly used: Amounts;
}

const quantities = z.record(z.string(), z.string()).default({});
const selector = z.object({
  matchExpressions: z
    .array(z.object({ scopeName: z.string(), operator: z.string(), values: z.array(z.string()).default([]) }))
    .default([]),
});
const listSchema = z.object({
  items: z
    .array(
      z.object({
        metadata: z.object({ name: z.string() }),
        spec: z.object({ scopes: z.array(z.string()).nullish(), scopeSelector: selector.nullish() }).default({}),
        status: z.object({ hard: quantities, used: quantities }).default({ hard: {}, used: {} }),
      }),
    )
    .nullish(),
});

const template = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({
        priorityClassName: z.string().optional(),
        containers: z.array(
          z.object({
            resources: z.object({ requests: quantities, limits: quantities }).default({ requests: {}, limits: {} }),
          }),
        ),
      }),
    }),
  }),
});

const amountsOf = (written: Readonly<Record<string, string>>): Amounts =>
  new Map(
    Object.entries(written).flatMap(([name, text]): [string, number][] => {
      const amount = parseQuantity(text);
      return amount === undefined ? [] : [[name, amount]];
    }),
  );

/** What a quota counts for one pod of this template, as far as the template shows it. */
export const podNeed = (deployment: KubeObject): Amounts => {
  const { containers } = template.parse(deployment).spec.template.spec;
  const need = new Map([
    ['pods', 1],
    ['count/pods', 1],
  ]);
  const add = (name: string, amount: number): void => void need.set(name, (need.get(name) ?? 0) + amount);
  for (const { resources } of containers) {
    for (const [name, amount] of amountsOf(resources.requests)) {
      add(`requests.${name}`, amount);
      // `cpu` and `memory` alone mean requests.
      add(name, amount);
    }
    for (const [name, amount] of amountsOf(resources.limits)) add(`limits.${name}`, amount);
  }
  return need;
};

/** Scopes of pods that have requests and no deadline. */
const OUR_SCOPES: readonly string[] = ['NotTerminating', 'NotBestEffort'];

const countsOurs = (
  scopeName: string,
  operator: string,
  values: readonly string[],
  priorityClassName: string | undefined,
): boolean => {
  if (scopeName !== 'PriorityClass') return OUR_SCOPES.includes(scopeName);
  const isIn = priorityClassName !== undefined && values.includes(priorityClassName);
  switch (operator) {
    case 'In':
      return isIn;
    case 'NotIn':
      return !isIn;
    case 'Exists':
      return priorityClassName !== undefined;
    default:
      return priorityClassName === undefined;
  }
};

/** Those that count pods of this template. @throws ZodError */
export const quotasOf = (raw: unknown, deployment: KubeObject): readonly Quota[] => {
  const { priorityClassName } = template.parse(deployment).spec.template.spec;
  return (listSchema.parse(raw).items ?? [])
    .filter(({ spec: { scopes, scopeSelector } }) =>
      [
        ...(scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists', values: [] })),
        ...(scopeSelector?.matchExpressions ?? []),
      ].every(({ scopeName, operator, values }) => countsOurs(scopeName, operator, values, priorityClassName)),
    )
    .map(({ metadata, status }) => ({
      name: metadata.name,
      hard: amountsOf(status.hard),
      used: amountsOf(status.used),
    }));
};

const rounded = (amount: number): number => Math.round(amount * 1e9) / 1e9;

/** The first quota without room for one more, and what it would have to allow in addition for `count`. */
export const fullQuota = (
  quotas: readonly Quota[],
  need: Amounts,
  count: number,
): { readonly quota: string; readonly missing: { resource: string; amount: number }[] } | undefined => {
  for (const { name, hard, used } of quotas) {
    const missing = [...need].flatMap(([resource, each]) => {
      const limit = hard.get(resource);
      if (limit === undefined || each === 0) return [];
      const free = Math.max(0, limit - (used.get(resource) ?? 0));
      return rounded(free - each) < 0 ? [{ resource, amount: rounded(count * each - free) }] : [];
    });
    if (missing.length > 0) return { quota: name, missing };
  }
  return undefined;
};

/** While pods are refused; a quota that was raised is seen within this. */
const LOOK_EVERY_MS = 2_000;

/** The API server's list of a namespace. */
export const createQuotaLook = (client: KubeClient, clock: Clock): Look<unknown> =>
  createLook(clock, LOOK_EVERY_MS, (namespace, signal) =>
    client.call({ verb: 'list', resource: QUOTAS, namespace, timeoutMs: 2_000 }, signal),
  );
