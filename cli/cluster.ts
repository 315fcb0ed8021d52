/** What commands read from a cluster and write to it, with messages for errors. */
import { z } from 'zod';
import { auditPath, CLAIM_LEASE, FIELD_MANAGER, reviewsPath } from '../contract/names.ts';
import { type Unreadable, unreadableInCampaign, unreadableInPlan, unreadableText } from '../contract/readable.ts';
import { perTier, type Tier } from '../contract/tiers.ts';
import type { VoucherCampaign } from '../contract/types/campaign.ts';
import type { ScalePlan } from '../contract/types/scale-plan.ts';
import { parseDecisions } from '../operator/history/decision-log.ts';
import type { DecisionRecord } from '../operator/history/decision-record.ts';
import { parseRecent, type RecentSample } from '../operator/history/recent.ts';
import {
  type ApiResource,
  CAMPAIGNS,
  CONFIG_MAPS,
  EVENTS,
  LEASES,
  SCALE_PLANS,
  SELF_SUBJECT_REVIEWS,
} from '../operator/kube/api-resources.ts';
import { keepCampaign, type StoredCampaign } from '../operator/kube/campaigns.ts';
import { readDecisions } from '../operator/kube/decisions.ts';
import { ifFound, isKubeError } from '../operator/kube/errors.ts';
import { type KubeObject, parseObject } from '../operator/kube/objects.ts';
import { keepScalePlan } from '../operator/kube/scale-plans.ts';
import { systemClock } from '../runtime/clock.ts';
import { sleep } from '../runtime/sleep.ts';
import { type Api, type ClusterOptions, listAll, onApi } from './access.ts';
import { type Installation, readTrail } from './audit/trail.ts';
import { claimSeen, type SeenClaim } from './claim.ts';
import { UsageError } from './errors.ts';
import type { Io } from './io.ts';
import { type SeenEvent, seenEvent } from './kube-events.ts';
import { answerPlan, type Decision, type Revocation } from './plans/answer-plan.ts';

export { type ClusterOptions, withClusterOptions } from './access.ts';

export interface Decisions extends Readonly<Record<Tier, readonly DecisionRecord[]>> {
  /** The curves of the last ten minutes, oldest first. */
  readonly recent: readonly RecentSample[];
}

/** A campaign, and when the operator wrote its status, by the API server's clock. */
export interface SeenCampaign extends VoucherCampaign {
  readonly statusAtMs: number | undefined;
}

/** The operator ticks every second, and writes such a change at once. */
const SEEN_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 200;
const ANNOTATE_ATTEMPTS = 5;

const selfSchema = z.object({ status: z.object({ userInfo: z.object({ username: z.string() }) }) });

const configMapSchema = z.object({ data: z.record(z.string(), z.string()).optional() });

export const seenCampaign = (object: KubeObject): SeenCampaign & StoredCampaign => {
  const written = object.metadata.managedFields?.find(
    ({ manager, subresource }) => manager === FIELD_MANAGER && subresource === 'status',
  );
  return { ...keepCampaign(object), statusAtMs: written?.time === undefined ? undefined : Date.parse(written.time) };
};

/** @throws UsageError that names the field and how to write it */
const readable = <T extends VoucherCampaign | ScalePlan>(object: T, fields: readonly Unreadable[]): T => {
  if (fields.length === 0) return object;
  throw new UsageError(
    `${object.kind} ${object.metadata.name} in namespace ${object.metadata.namespace} can't be read: ${unreadableText(fields)}. Until that is corrected, the operator decides nothing for it`,
  );
};
/** Of many: an unreadable one grants nothing, and its campaign's condition PlanPending reports it. */
const plansIn = (objects: readonly KubeObject[]): readonly ScalePlan[] =>
  objects.map(keepScalePlan).filter((plan) => unreadableInPlan(plan).length === 0);

const namesOf = (objects: readonly KubeObject[]): string =>
  objects.map(({ metadata: { namespace, name } }) => `  ${name} -n ${namespace}\n`).join('');

/** @param signal ends every call */
export const createCluster = ({ client, namespace }: Api, signal: AbortSignal) => {
  const list = (
    resource: ApiResource,
    where: string | undefined,
    selectors: Readonly<Record<string, string>> = {},
  ): Promise<readonly KubeObject[]> => listAll(client, { resource, namespace: where }, selectors, signal);

  /** A hint only: without permission for other namespaces there is none. */
  const elsewhere = async (name: string | undefined): Promise<string> => {
    const all = await list(CAMPAIGNS, undefined).catch(() => []);
    const others = all.filter(({ metadata }) => name === undefined || metadata.name === name);
    return others.length === 0 ? '' : `; existing ones:\n${namesOf(others).trimEnd()}`;
  };

  const find = async (name: string | undefined): Promise<SeenCampaign> => {
    if (name === undefined) {
      const [only, ...others] = await list(CAMPAIGNS, namespace);
      if (only === undefined) {
        throw new UsageError(`there is no campaign in namespace ${namespace}${await elsewhere(name)}`);
      }
      if (others.length > 0) {
        throw new UsageError(`there are several campaigns; name one of\n${namesOf([only, ...others]).trimEnd()}`);
      }
      return seenCampaign(only);
    }
    const found = await ifFound(client.call({ resource: CAMPAIGNS, namespace, name, verb: 'get' }, signal));
    if (found !== undefined) return seenCampaign(parseObject(found));
    throw new UsageError(`there is no campaign ${name} in namespace ${namespace}${await elsewhere(name)}`);
  };

  return {
    namespace,
    /** @param name undefined: the only campaign @throws UsageError that names the existing ones */
    async campaign(name: string | undefined): Promise<SeenCampaign> {
      const campaign = await find(name);
      return readable(campaign, unreadableInCampaign(campaign));
    },
    /** Also one whose spec can't be read, for commands that report it. */
    anyCampaign: find,
    /** @param everywhere in all namespaces, not only in this one */
    async campaigns(everywhere: boolean): Promise<readonly SeenCampaign[]> {
      return (await list(CAMPAIGNS, everywhere ? undefined : namespace)).map(seenCampaign);
    },
    async plans({ metadata }: VoucherCampaign): Promise<readonly ScalePlan[]> {
      const plans = plansIn(await list(SCALE_PLANS, metadata.namespace));
      return plans.filter(({ spec }) => spec.campaignName === metadata.name);
    },
    async allPlans(everywhere = false): Promise<readonly ScalePlan[]> {
      return plansIn(await list(SCALE_PLANS, everywhere ? undefined : namespace));
    },
    /** @throws UsageError that names the existing plans */
    async plan(name: string): Promise<ScalePlan> {
      const found = await ifFound(client.call({ resource: SCALE_PLANS, namespace, name, verb: 'get' }, signal));
      if (found !== undefined) {
        const plan = keepScalePlan(parseObject(found));
        return readable(plan, unreadableInPlan(plan));
      }
      const there = (await list(SCALE_PLANS, namespace)).map(({ metadata }) => `  ${metadata.name}`);
      const known = there.length === 0 ? 'there is none' : `existing ones:\n${there.join('\n')}`;
      throw new UsageError(`there is no ScalePlan ${name} in namespace ${namespace}; ${known}`);
    },
    async whoAmI(): Promise<string> {
      const { group, version, kind } = SELF_SUBJECT_REVIEWS;
      const body = { apiVersion: `${group}/${version}`, kind };
      const answer = await client.call({ resource: SELF_SUBJECT_REVIEWS, verb: 'create', body }, signal);
      return selfSchema.parse(answer).status.userInfo.username;
    },
    /** Writes the owner's decision, once. @throws ForbiddenError with the missing role; UsageError for a refused one */
    decide: (plan: ScalePlan, decision: Decision): Promise<void> => answerPlan(client, plan, { decision }, signal),
    /** Ends an approval early, once; throws as `decide` does. */
    revoke: (plan: ScalePlan, revocation: Revocation): Promise<void> =>
      answerPlan(client, plan, { revocation }, signal),
    /** Sets an annotation of a campaign, or removes it. @throws UsageError when another writer changed it meanwhile */
    async annotate({ metadata }: VoucherCampaign, key: string, value: string | undefined): Promise<void> {
      const path = `/metadata/annotations/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      const target = { resource: CAMPAIGNS, namespace: metadata.namespace, name: metadata.name };
      const before = metadata.annotations?.[key];
      if (value === undefined && before === undefined) return;
      let { annotations, resourceVersion } = metadata;
      for (let attempt = 1; ; attempt += 1) {
        const body = [
          { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
          ...(annotations === undefined ? [{ op: 'add', path: '/metadata/annotations', value: {} }] : []),
          value === undefined ? { op: 'remove', path } : { op: 'add', path, value },
        ];
        try {
          await client.call({ ...target, verb: 'patch', body }, signal);
          return;
        } catch (error) {
          if (!isKubeError(error, 'invalid', 'conflict')) throw error;
          const now = seenCampaign(parseObject(await client.call({ ...target, verb: 'get' }, signal))).metadata;
          // The operator writes the status all the time; another writer's annotation is kept.
          if (attempt === ANNOTATE_ATTEMPTS || now.uid !== metadata.uid || now.annotations?.[key] !== before) {
            const message = `${metadata.name} was changed by another user at this moment: check it and try again`;
            throw new UsageError(message, { cause: error });
          }
          ({ annotations, resourceVersion } = now);
        }
      }
    },
    /** The campaign once its status satisfies `isThere`; undefined when it doesn't within 5 s. */
    async awaitStatus(
      { metadata: { namespace: where, name } }: VoucherCampaign,
      isThere: (campaign: VoucherCampaign) => boolean,
    ): Promise<VoucherCampaign | undefined> {
      const target = { resource: CAMPAIGNS, namespace: where, name };
      const untilMs = systemClock.monotonicMs() + SEEN_WITHIN_MS;
      for (;;) {
        const campaign = keepCampaign(parseObject(await client.call({ ...target, verb: 'get' }, signal)));
        if (isThere(campaign)) return campaign;
        if (systemClock.monotonicMs() >= untilMs) return undefined;
        await sleep(systemClock, LOOK_EVERY_MS, signal);
      }
    },
    /** Undefined when there is no log yet. */
    async decisions(campaign: VoucherCampaign): Promise<Decisions | undefined> {
      const texts = await readDecisions(client, campaign, signal);
      return texts && { ...perTier((tier) => parseDecisions(texts[tier])), recent: parseRecent(texts.recent) };
    },
    /** `data` of a ConfigMap; undefined: there is none. */
    async configMap(where: string, name: string): Promise<Readonly<Record<string, string>> | undefined> {
      const found = await ifFound(client.call({ resource: CONFIG_MAPS, namespace: where, name, verb: 'get' }, signal));
      return found === undefined ? undefined : (configMapSchema.parse(found).data ?? {});
    },
    /** Which installation serves the namespace; undefined without a claim, or without permission to read it. */
    async claim(where: string): Promise<SeenClaim | undefined> {
      try {
        const target = { resource: LEASES, namespace: where, name: CLAIM_LEASE };
        return claimSeen(parseObject(await client.call({ ...target, verb: 'get' }, signal)));
      } catch (error) {
        if (isKubeError(error, 'not_found', 'forbidden')) return undefined;
        throw error;
      }
    },
    /** What Kubernetes still has, oldest first: an hour as a rule. */
    async events({ kind, metadata: { namespace: where, name, uid } }: VoucherCampaign): Promise<readonly SeenEvent[]> {
      const fieldSelector = `regarding.kind=${kind},regarding.name=${name},regarding.uid=${uid}`;
      const events = (await list(EVENTS, where, { fieldSelector })).map(seenEvent);
      return events.filter(({ atMs }) => !Number.isNaN(atMs)).sort((a, b) => a.atMs - b.atMs);
    },
    trail: (installation: Installation, campaignId: string): Promise<readonly string[]> =>
      readTrail(client, installation, auditPath(campaignId)),
    /** Looks and decisions of reviewers, as lines of JSON. */
    reviews: (installation: Installation, campaignId: string): Promise<readonly string[]> =>
      readTrail(client, installation, reviewsPath(campaignId)),
  };
};

export type Cluster = ReturnType<typeof createCluster>;

/** As onApi, with the reads and writes of most commands. */
export const onCluster = <T>(
  options: ClusterOptions,
  io: Pick<Io, 'env'>,
  work: (cluster: Cluster) => Promise<T>,
): Promise<T> => onApi(options, io, (api) => work(createCluster(api, new AbortController().signal)));
