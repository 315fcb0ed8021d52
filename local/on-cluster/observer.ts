/** Reads a campaign and its pods from a cluster once a second, with the product's own client. */
import { z } from 'zod';
import { LABELS } from '../../contract/names.ts';
import { isTier } from '../../contract/tiers.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { ScalePlan } from '../../contract/types/scale-plan.ts';
import { type ApiResource, CAMPAIGNS, EVENTS, LEASES, PODS, SCALE_PLANS } from '../../operator/kube/api-resources.ts';
import type { KubeClient } from '../../operator/kube/client.ts';
import { again } from '../../runtime/sleep.ts';
import { snapshotOf } from '../embedded/snapshot.ts';
import type { StackEvent, StackProcess, StackSnapshot } from '../stack.ts';

interface ObserverOptions {
  readonly client: KubeClient;
  readonly campaign: { readonly name: string; readonly namespace: string };
  readonly system: { readonly namespace: string; readonly release: string };
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

/** Only the leader has the role `operator`: it is the one to kill. */
export const roleOf = ({ metadata }: SeenPod, leader: string | undefined): StackProcess['role'] => {
  const component = metadata.labels[LABELS.component];
  if (isTier(component) || component === 'nats' || component === 'postgres') return component;
  return component === 'operator' && metadata.name === leader ? 'operator' : 'other';
};

export class Observer {
  readonly #options: ObserverOptions;
  campaign: VoucherCampaign | undefined;
  pods: readonly SeenPod[] = [];
  events: readonly StackEvent[] = [];
  #plans: readonly ScalePlan[] = [];
  #leader: string | undefined;

  constructor(options: ObserverOptions) {
    this.#options = options;
  }

  /** Until the signal aborts. A failed read keeps the last state. */
  run(signal: AbortSignal): Promise<void> {
    const ignore = (): void => undefined;
    return again(() => this.look(signal), LOOK_EVERY_MS, signal, ignore);
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
    this.campaign = found as VoucherCampaign;
    this.#plans = (plans as { readonly items: readonly ScalePlan[] }).items;
    this.pods = [own, systems].flatMap((pods) => listOf(pod).parse(pods).items);
    this.#leader = lease.safeParse(held).data?.spec.holderIdentity?.split('_')[0];
    this.events = listOf(event)
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

  processes(): readonly StackProcess[] {
    return this.pods
      .filter(({ metadata, status }) => metadata.deletionTimestamp === undefined && status.phase === 'Running')
      .map((one) => ({ name: one.metadata.name, role: roleOf(one, this.#leader), id: one.metadata.uid }));
  }

  /** @throws Error before the first successful read */
  snapshot(): StackSnapshot {
    if (this.campaign === undefined) throw new Error('the campaign has not been read yet');
    return snapshotOf(this.campaign, undefined, this.#plans, Date.now());
  }
}
