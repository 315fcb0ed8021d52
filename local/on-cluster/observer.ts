/** A campaign on a cluster as it is seen from outside, looked at once a second with the product's own client. */

import { z } from 'zod';
import type { VoucherCampaign } from '../../contract/campaign-types.ts';
import { instantMs } from '../../contract/instant.ts';
import { LABELS } from '../../contract/names.ts';
import type { ScalePlan } from '../../contract/scale-plan-types.ts';
import { isTier, perTier, type Tier } from '../../contract/tiers.ts';
import { type ApiResource, CAMPAIGNS, EVENTS, LEASES, PODS, SCALE_PLANS } from '../../operator/kube/api-resources.ts';
import type { KubeClient } from '../../operator/kube/client.ts';
import { again } from '../../runtime/sleep.ts';
import type { StackEvent, StackProcess, StackSnapshot } from '../stack.ts';

export interface ObserverOptions {
  readonly client: KubeClient;
  readonly campaign: { readonly name: string; readonly namespace: string };
  readonly system: { readonly namespace: string; readonly release: string };
  readonly now: () => number;
}

const pod = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    uid: z.string(),
    labels: z.record(z.string(), z.string()).default({}),
    deletionTimestamp: z.string().optional(),
  }),
  status: z.object({
    phase: z.string().default(''),
    podIP: z.string().optional(),
    conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
  }),
});
export type SeenPod = z.infer<typeof pod>;

const event = z.object({
  type: z.string().default('Normal'),
  reason: z.string().default(''),
  note: z.string().default(''),
  eventTime: z.string().nullish(),
  deprecatedLastTimestamp: z.string().nullish(),
  metadata: z.object({ creationTimestamp: z.string() }),
  regarding: z.object({ kind: z.string().optional() }).default({}),
});
const lease = z.object({ spec: z.object({ holderIdentity: z.string().nullish() }) });
const listOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item) });

const LOOK_EVERY_MS = 1_000;

export const isReady = ({ metadata, status }: SeenPod): boolean =>
  metadata.deletionTimestamp === undefined &&
  status.conditions.some(({ type, status: state }) => type === 'Ready' && state === 'True');

/** Seen as a process: one pod of one role. The leader alone is `operator`: it is the one worth killing. */
export const roleOf = ({ metadata }: SeenPod, leader: string | undefined): StackProcess['role'] => {
  const component = metadata.labels[LABELS.component];
  if (isTier(component)) return component;
  switch (component) {
    case 'nats':
    case 'postgres':
      return component;
    case 'operator':
      return metadata.name === leader ? 'operator' : 'other';
    default:
      return 'other';
  }
};

export class Observer {
  readonly #options: ObserverOptions;
  #campaign: VoucherCampaign | undefined;
  #plans: readonly ScalePlan[] = [];
  #pods: readonly SeenPod[] = [];
  #events: readonly StackEvent[] = [];
  #leader: string | undefined;

  constructor(options: ObserverOptions) {
    this.#options = options;
  }

  /** Until the signal aborts. A look that fails leaves what was seen before. */
  run(signal: AbortSignal): Promise<void> {
    return again(
      () => this.look(signal),
      LOOK_EVERY_MS,
      signal,
      () => undefined,
    );
  }

  async look(signal: AbortSignal): Promise<void> {
    const { client, campaign, system } = this.#options;
    const list = (resource: ApiResource, namespace: string): Promise<unknown> =>
      client.call({ verb: 'list', resource, namespace }, signal);
    const get = (resource: ApiResource, namespace: string, name: string): Promise<unknown> =>
      client.call({ verb: 'get', resource, namespace, name }, signal);
    const [found, plans, own, systems, events, held] = await Promise.all([
      get(CAMPAIGNS, campaign.namespace, campaign.name),
      list(SCALE_PLANS, campaign.namespace),
      list(PODS, campaign.namespace),
      list(PODS, system.namespace),
      list(EVENTS, campaign.namespace),
      get(LEASES, system.namespace, system.release).catch(() => undefined),
    ]);
    // The API server has validated both against the schemas that the types are generated from.
    this.#campaign = found as VoucherCampaign;
    this.#plans = (plans as { readonly items: readonly ScalePlan[] }).items;
    this.#pods = [own, systems].flatMap((pods) => listOf(pod).parse(pods).items);
    this.#leader = lease.safeParse(held).data?.spec.holderIdentity?.split('_')[0];
    this.#events = listOf(event)
      .parse(events)
      .items.filter(({ regarding }) => regarding.kind === 'VoucherCampaign')
      .map(
        ({ type, reason, note, eventTime, deprecatedLastTimestamp, metadata }): StackEvent => ({
          atMs: Date.parse(eventTime ?? deprecatedLastTimestamp ?? metadata.creationTimestamp),
          type: type === 'Warning' ? 'Warning' : 'Normal',
          reason,
          message: note,
        }),
      )
      .sort((a, b) => a.atMs - b.atMs);
  }

  get campaign(): VoucherCampaign | undefined {
    return this.#campaign;
  }

  get pods(): readonly SeenPod[] {
    return this.#pods;
  }

  get events(): readonly StackEvent[] {
    return this.#events;
  }

  processes(): readonly StackProcess[] {
    return this.#pods
      .filter(({ metadata, status }) => metadata.deletionTimestamp === undefined && status.phase === 'Running')
      .map((one) => ({ name: one.metadata.name, role: roleOf(one, this.#leader), id: one.metadata.uid }));
  }

  /** @throws Error before the first look that succeeded */
  snapshot(): StackSnapshot {
    const campaign = this.#campaign;
    if (campaign === undefined) throw new Error('the campaign has not been seen yet');
    const { spec, status } = campaign;
    const tierOf = (name: Tier): StackSnapshot['tiers'][Tier] => {
      const seen = status?.tiers?.[name];
      return seen === undefined ? undefined : { ...seen, explanation: seen.limitedBy ?? '' };
    };
    return {
      atMs: this.#options.now(),
      stage: status?.stage ?? 'Pending',
      opensAtMs: instantMs(spec.window.opensAt),
      closesAtMs: instantMs(status?.closesAt ?? spec.window.closesAt),
      contingency: (status?.contingency ?? []).map(({ name }) => name),
      arrivalsPerSecond: status?.arrivalsPerSecond,
      backlog: status?.backlog,
      oldestSeconds: status?.oldestSeconds,
      tiers: perTier(tierOf),
      conditions: status?.conditions ?? [],
      plans: this.#plans,
    };
  }
}
