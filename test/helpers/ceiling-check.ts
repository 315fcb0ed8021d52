/**
 * Finds writes of replicas above the authorised ceiling. Uses only watches of the API server and its own arithmetic, not
 * the operator's view.
 *
 * | watched      | for                                                              |
 * |--------------|------------------------------------------------------------------|
 * | Deployments  | every number of replicas, and the field manager that wrote it     |
 * | campaigns    | ceilings and windows, and since when                              |
 * | ScalePlans   | approvals and revocations, and since when                         |
 *
 * A write counts as above the ceiling only when it is above everything that was in force in the three seconds before
 * it arrived: the operator reads what is authorised and writes within two.
 */
import type { Deployment } from 'kubernetes-types/apps/v1.js';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { ScalePlan } from '../../contract/types/scale-plan.ts';
import { eventually } from './eventually.ts';
import { type KubeApi, type SeenEvent, watchPath } from './kube-api.ts';
import { APPS, GROUP } from './kube-world.ts';

const MANAGERS = ['voucher-operator', 'voucher-operator-init'];
const GRACE_MS = 3_000;
const SAMPLE_MS = 100;

type Tier = 'intake' | 'records';

interface Version<T> {
  readonly fromMs: number;
  /** Undefined after its deletion. */
  readonly value: T | undefined;
}

export interface Raise {
  readonly atMs: number;
  readonly deployment: string;
  readonly from: number;
  readonly to: number;
  readonly manager: string;
  /** The most that was authorised in the three seconds before. */
  readonly allowed: number;
}

export interface CeilingCheck {
  /** Of the operator's managers, oldest first. */
  readonly raises: readonly Raise[];
  readonly violations: readonly Raise[];
  /** Every change of replicas by the operator, down as well: as many as the audit log has writes. */
  readonly writes: number;
  stop(): Promise<void>;
}

const versionAt = <T>(history: readonly Version<T>[] | undefined, atMs: number): T | undefined =>
  history?.findLast(({ fromMs }) => fromMs <= atMs)?.value;

const granted = ({ spec }: ScalePlan, tier: Tier, atMs: number): number => {
  const { decision, revocation, ceilings } = spec;
  const lasts = decision?.ceilingUntil !== undefined && atMs < Date.parse(decision.ceilingUntil);
  return decision?.verdict === 'Approved' && revocation === undefined && lasts ? (ceilings[tier] ?? 0) : 0;
};

const writerOf = ({ metadata }: Deployment): string | undefined =>
  metadata?.managedFields
    ?.filter(({ fieldsV1 }) => JSON.stringify(fieldsV1 ?? {}).includes('"f:replicas":{}'))
    .map(({ manager }) => manager ?? '')
    .find((manager) => MANAGERS.includes(manager));

/** @param namespace in which no status of a Deployment is owned by the operator's managers */
export const startCeilingCheck = (api: KubeApi, namespace: string): CeilingCheck => {
  const stop = new AbortController();
  const campaigns = new Map<string, Version<VoucherCampaign>[]>();
  const plans = new Map<string, Version<ScalePlan>[]>();
  /** When a decision was first seen: one that came after the plan's end is none. */
  const decidedAtMs = new Map<string, number>();
  const replicas = new Map<string, { readonly uid: string; readonly count: number }>();
  const raises: Raise[] = [];
  let writes = 0;

  const note = <T>(histories: Map<string, Version<T>[]>, name: string, value: T | undefined): void => {
    const history = histories.get(name) ?? [];
    histories.set(name, history);
    history.push({ fromMs: Date.now(), value });
  };

  const authorisedAt = (campaign: string, tier: Tier, atMs: number): number => {
    const found = versionAt(campaigns.get(campaign), atMs);
    if (found === undefined) return 0;
    const { ceilings, windows } = found.spec.scaling.authorized;
    const open = windows
      .filter(({ from, until }) => Date.parse(from) <= atMs && atMs < Date.parse(until))
      .map((window) => window.ceilings[tier] ?? 0);
    const grants = [...plans].map(([name, history]) => {
      const plan = versionAt(history, atMs);
      const decided = decidedAtMs.get(name);
      if (plan?.spec.campaignName !== campaign || decided === undefined) return 0;
      // A second for the granularity of the server's stamps.
      return decided <= Date.parse(plan.spec.expiresAt) + 1_000 ? granted(plan, tier, atMs) : 0;
    });
    return Math.max(ceilings[tier], ...open, ...grants);
  };

  const allowedBefore = (campaign: string, tier: Tier, atMs: number): number => {
    let most = 0;
    for (let ms = atMs - GRACE_MS; ms <= atMs; ms += SAMPLE_MS) {
      most = Math.max(most, authorisedAt(campaign, tier, ms));
    }
    return most;
  };

  const onDeployment = ({ type, object }: SeenEvent): void => {
    const deployment = object as Deployment;
    const { name = '', uid = '' } = deployment.metadata ?? {};
    if (type === 'DELETED') {
      replicas.delete(name);
      return;
    }
    const before = replicas.get(name);
    const from = before?.uid === uid ? before.count : 0;
    const to = deployment.spec?.replicas ?? 1;
    replicas.set(name, { uid, count: to });
    const manager = writerOf(deployment);
    if (to === from || manager === undefined) return;
    writes += 1;
    const [, campaign = '', tier] = /^(.*)-(intake|records)$/.exec(name) ?? [];
    if (to < from || (tier !== 'intake' && tier !== 'records')) return;
    const atMs = Date.now();
    raises.push({ atMs, deployment: name, from, to, manager, allowed: allowedBefore(campaign, tier, atMs) });
  };
  const onCampaign = ({ type, object }: SeenEvent): void => {
    const campaign = object as VoucherCampaign;
    note(campaigns, campaign.metadata.name, type === 'DELETED' ? undefined : campaign);
  };
  const onPlan = ({ type, object }: SeenEvent): void => {
    const plan = object as ScalePlan;
    const { name } = plan.metadata;
    note(plans, name, type === 'DELETED' ? undefined : plan);
    if (plan.spec.decision !== undefined && !decidedAtMs.has(name)) decidedAtMs.set(name, Date.now());
  };

  const isUp = async (): Promise<boolean> =>
    stop.signal.aborted || (await api.answer({ method: 'GET', path: '/readyz' })).status === 200;
  const follow = async (path: string, onEvent: (event: SeenEvent) => void): Promise<void> => {
    while (!stop.signal.aborted) {
      await watchPath(api, path, onEvent, stop.signal);
      if (!stop.signal.aborted) await eventually(isUp, { what: 'the API server' });
    }
  };
  const done = Promise.all([
    follow(`${GROUP}/namespaces/${namespace}/vouchercampaigns`, onCampaign),
    follow(`${GROUP}/namespaces/${namespace}/scaleplans`, onPlan),
    follow(`${APPS}/namespaces/${namespace}/deployments`, onDeployment),
  ]);
  return {
    raises,
    get violations() {
      return raises.filter(({ to, allowed }) => to > allowed);
    },
    get writes() {
      return writes;
    },
    async stop() {
      stop.abort();
      await done;
    },
  };
};
