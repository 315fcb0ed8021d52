/** What must be right for this campaign, beside capacity: conditions, Secrets, certificates, overrides. Pure. */
import { DATA_PLANE_KEYS, PRIVACY_KEYS } from '../../contract/app-contract.ts';
import type { ConditionType } from '../../contract/conditions.ts';
import { instantMs } from '../../contract/instant.ts';
import { isJob, rightsOf, type Workload } from '../../contract/jobs.ts';
import { tierName } from '../../contract/names.ts';
import { TIERS, tiersOf } from '../../contract/tiers.ts';
import { overridesOf } from '../../operator/contingency/overrides.ts';
import { closesAtOf } from '../closing.ts';
import { approvalCommand, askedFor, waitingPlans } from '../plans/plans.ts';
import { faultsOf } from '../remedies.ts';
import { ago, clockOf, zoneOf } from '../times.ts';
import { count } from '../words.ts';
import { checkIssuance } from './check-issuance.ts';
import { checkLogin } from './check-login.ts';
import { checkVerification } from './check-verification.ts';
import type { CampaignFacts, SecretFacts } from './doctor-facts.ts';
import { type Finding, fail, ok, onceSeen, warn } from './finding.ts';

const named = ({ campaign: { metadata } }: CampaignFacts): string => `${metadata.name} -n ${metadata.namespace}`;

/** They have checks of their own. */
const ELSEWHERE: readonly string[] = ['JournalDurable', 'PlanPending', 'Overridden', 'ConflictingScaler'];

/** Metrics may return, and levels in force were agreed. */
const MILD: readonly ConditionType[] = ['MetricsFresh', 'Contingency'];

/** | True, verified | OK | · | True, attested | WARN | · | otherwise | FAIL | */
export const journal = ({ campaign }: CampaignFacts): readonly Finding[] => {
  const condition = campaign.status?.conditions?.find(({ type }) => type === 'JournalDurable');
  if (condition === undefined) {
    return [fail('journal', 'no operator has checked it yet', `kubectl voucher status ${campaign.metadata.name}`)];
  }
  const { status, reason, message } = condition;
  if (status !== 'True') {
    const remedy =
      'set sync_interval: always on three servers (chart: dataPlane.embedded), and a Secret with their address';
    return [fail('journal', `${reason}: ${message}`, remedy)];
  }
  return [
    reason === 'Attested'
      ? warn(
          'journal',
          'its durability is only attested, not verified',
          'spec.dataPlane.durability: Verified, where the operator reaches the servers’ monitoring port',
        )
      : ok('journal', message),
  ];
};

export const conditions = (facts: CampaignFacts): readonly Finding[] => {
  const { campaign } = facts;
  if (campaign.status === undefined) return [];
  const faults = faultsOf(campaign).filter(({ condition }) => !ELSEWHERE.includes(condition.type));
  if (faults.length === 0) return [ok('conditions', 'every condition is as it should be')];
  return faults.map(({ condition: { type, reason, message }, remedy }) => {
    const judge = MILD.some((mild) => mild === type) ? warn : fail;
    return judge('conditions', `${type}: ${reason}: ${message}`, remedy ?? `kubectl voucher status ${named(facts)}`);
  });
};

/** By the condition Ready, and not by counts, which an idle campaign's status updates only once a minute. */
const isServing = ({ campaign: { status } }: CampaignFacts): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;

const secret = (
  facts: CampaignFacts,
  { name, keys }: SecretFacts,
  needed: readonly string[],
  isComplete: (keys: readonly string[]) => string | undefined,
): readonly Finding[] => {
  const { namespace } = facts.campaign.metadata;
  const where = `Secret ${name}`;
  // A pod that is ready has mounted and parsed it.
  if (keys.kind === 'hidden' && isServing(facts)) return [ok('secrets', `${where} is mounted by pods that are ready`)];
  return onceSeen('secrets', keys, (found) => {
    const remedy = `create it with ${needed.join(', ')}, or by the chart: dataPlane.embedded.campaigns`;
    if (found === undefined) return fail('secrets', `there is no ${where} in namespace ${namespace}`, remedy);
    const missing = [...needed.filter((key) => !key.includes('<') && !found.includes(key)), isComplete(found)].filter(
      (key) => key !== undefined,
    );
    return missing.length === 0
      ? ok('secrets', `${where} has every key`)
      : fail('secrets', `${where} lacks ${missing.join(', ')}`, `kubectl edit secret ${name} -n ${namespace}`);
  });
};

export const secrets = (facts: CampaignFacts): readonly Finding[] => {
  const { privacy, dataPlane } = facts.secrets;
  const { natsUrl, natsUser, natsPassword, postgresUrl } = DATA_PLANE_KEYS;
  const keysOf = (workload: Workload): readonly string[] => [
    ...[natsUrl, natsUser, natsPassword],
    ...(rightsOf(workload).database === 'none' ? [] : [postgresUrl]),
  ];
  return [
    ...secret(facts, privacy, [PRIVACY_KEYS.citizen, PRIVACY_KEYS.canary, 'wrap-<id>.key'], (keys) =>
      keys.some((key) => PRIVACY_KEYS.wrapPattern.test(key)) ? undefined : 'a wrap-<id>.key',
    ),
    ...dataPlane
      // A Job's pods do not run yet, so nothing is known of a Secret that can't be read.
      .filter(({ workload, keys }) => !isJob(workload) || keys.kind !== 'hidden')
      .flatMap((one) => secret(facts, one, keysOf(one.workload), () => undefined)),
  ];
};

const DAY_MS = 86_400_000;
/** A week is enough time to renew them. */
const MARGIN_MS = 7 * DAY_MS;

/** | ends before closing | FAIL | · | within the week after | WARN | */
export const certificates = ({ campaign, certificates: seen }: CampaignFacts, nowMs: number): readonly Finding[] =>
  onceSeen('certificates', seen, (all) => {
    const closesAtMs = instantMs(closesAtOf(campaign));
    const zone = zoneOf(campaign.spec.window.opensAt);
    const soonest = all.toSorted((a, b) => a.expiresAtMs - b.expiresAtMs);
    const late = soonest.filter(({ expiresAtMs }) => expiresAtMs < closesAtMs + MARGIN_MS);
    if (late.length === 0) {
      const [first] = soonest;
      return first === undefined
        ? ok('certificates', 'no Secret has an expiry date')
        : ok('certificates', `all are valid until ${clockOf(first.expiresAtMs, zone, nowMs)}, after closing`);
    }
    return late.map(({ namespace, secret: name, expiresAtMs, isRenewable }) => {
      const said = `the one in Secret ${name} expires ${clockOf(expiresAtMs, zone, nowMs)} (${ago(expiresAtMs, nowMs)})`;
      // Without the authority's Secret, its key is lost, and all servers and clients need new certificates.
      const remedy = isRenewable
        ? `renew it (README, Certificates): kubectl delete secret ${name} -n ${namespace}, then helm upgrade`
        : `it is the authority's, which can't be renewed: keep Secret ${name}, and plan a new installation (README, Certificates)`;
      return expiresAtMs < closesAtMs
        ? fail('certificates', `${said}, before closing`, remedy)
        : warn('certificates', said, remedy);
    });
  });

/** | paused into opening | FAIL | · | in force otherwise, or not to be read | WARN | */
export const overrides = (facts: CampaignFacts, nowMs: number): readonly Finding[] => {
  const { campaign } = facts;
  const { inForce, unreadable, pausedUntilMs } = overridesOf(campaign, nowMs);
  const opensAtMs = instantMs(campaign.spec.window.opensAt);
  const resume = `kubectl voucher resume ${named(facts)}`;
  const found = [
    ...inForce.map((sentence) => {
      const isPause = pausedUntilMs !== undefined && sentence.startsWith('No replicas');
      return isPause && pausedUntilMs > opensAtMs
        ? fail('overrides', `${sentence}, which is after opening`, resume)
        : warn('overrides', sentence, isPause ? resume : 'it ends by itself');
    }),
    ...unreadable.map((sentence) => warn('overrides', sentence, 'correct the annotation')),
  ];
  return found.length === 0 ? [ok('overrides', 'no override is in force')] : found;
};

export const plans = ({ campaign, plans: all }: CampaignFacts, nowMs: number): readonly Finding[] => {
  const zone = zoneOf(campaign.spec.window.opensAt);
  const waiting = waitingPlans(all, nowMs);
  if (waiting.length === 0) return [ok('plans', 'no plan waits for its owner')];
  return waiting.map((plan) => {
    const expiresAtMs = instantMs(plan.spec.expiresAt);
    return warn(
      'plans',
      `${plan.metadata.name} asks for ${askedFor(plan)} and waits until ${clockOf(expiresAtMs, zone, nowMs)}`,
      approvalCommand(plan, {}),
    );
  });
};

export const otherAutoscalers = ({ campaign, autoscalers }: CampaignFacts): readonly Finding[] =>
  onceSeen('autoscalers', autoscalers, (all) => {
    const { name, namespace } = campaign.metadata;
    const own = all.filter(({ deployment }) => TIERS.some((tier) => deployment === tierName(name, tier)));
    if (own.length === 0) return ok('autoscalers', 'no other autoscaler scales its tiers');
    return own.map((one) =>
      fail(
        'autoscalers',
        `HorizontalPodAutoscaler ${one.name} also scales ${one.deployment}, so the operator does not scale that tier`,
        `kubectl delete hpa ${one.name} -n ${namespace}, or the ScaledObject that creates it`,
      ),
    );
  });

export const disruption = (facts: CampaignFacts): readonly Finding[] =>
  onceSeen('disruption', facts.disruptionBudgets, (names) => {
    const { name } = facts.campaign.metadata;
    const missing = tiersOf(facts.campaign.spec)
      .map((tier) => tierName(name, tier))
      .filter((wanted) => !names.includes(wanted));
    return missing.length === 0
      ? ok('disruption', 'node drains evict one pod of a tier at a time')
      : warn(
          'disruption',
          `no PodDisruptionBudget ${missing.join(', ')}: a drain may evict a whole tier at once`,
          `the operator creates it: kubectl voucher status ${named(facts)}`,
        );
  });

const priorities = ({ tiers, priorityClasses }: CampaignFacts): readonly Finding[] =>
  onceSeen('priority', tiers, (found) => {
    const wanted = [...new Set(Object.values(found).flatMap(({ priorityClassName: name }) => name ?? []))];
    if (wanted.length === 0) return ok('priority', 'its pods have the cluster’s default priority');
    return onceSeen('priority', priorityClasses, (classes) => {
      const missing = wanted.filter((name) => !classes.includes(name));
      const said = `there is no PriorityClass ${missing.join(', ')}`;
      return missing.length === 0
        ? ok('priority', `its pods are of class ${wanted.join(', ')}`)
        : fail('priority', said, 'create it, or change app.priorityClassName');
    });
  });

export const podSecurity = ({ campaign, podSecurity: seen }: CampaignFacts): readonly Finding[] =>
  onceSeen('pod-security', seen, (level) => {
    const { namespace } = campaign.metadata;
    if (level !== undefined && level !== 'privileged') {
      return ok('pod-security', `namespace ${namespace} enforces ${level}`);
    }
    return warn(
      'pod-security',
      `namespace ${namespace} enforces no level; the campaign's pods comply with "restricted"`,
      `kubectl label namespace ${namespace} pod-security.kubernetes.io/enforce=restricted`,
    );
  });

/** | Auto | OK | · | Shadow or Off | FAIL | */
export const mode = (facts: CampaignFacts): readonly Finding[] => {
  const { mode: set } = facts.campaign.spec.scaling;
  const remedy = `set it to Auto: kubectl edit vcamp ${named(facts)}`;
  return [
    set === 'Auto'
      ? ok('mode', 'the operator scales it')
      : fail('mode', `spec.scaling.mode is ${set}: the operator does not scale it`, remedy),
  ];
};

/** Less admission than expected arrivals: the rest retries, and is served later. */
export const admission = ({ campaign: { spec } }: CampaignFacts): readonly Finding[] => {
  const { admissionPerSecond } = spec.traffic;
  const { peakArrivalsPerSecond } = spec.scaling;
  if (admissionPerSecond === undefined)
    return [ok('admission', 'admission follows the capacity of the ready replicas')];
  const rate = `${count(admissionPerSecond)}/s are admitted`;
  if (peakArrivalsPerSecond === undefined || admissionPerSecond >= peakArrivalsPerSecond) {
    return [ok('admission', rate)];
  }
  return [
    warn(
      'admission',
      `${rate}, and ${count(peakArrivalsPerSecond)}/s are expected: the rest must retry`,
      'this is right if the database can take no more; else raise spec.traffic.admissionPerSecond',
    ),
  ];
};

export const checkCampaign = (facts: CampaignFacts, nowMs: number): readonly Finding[] => [
  ...journal(facts),
  ...conditions(facts),
  ...secrets(facts),
  ...checkVerification(facts),
  ...checkIssuance(facts),
  ...checkLogin(facts),
  ...certificates(facts, nowMs),
  ...mode(facts),
  ...admission(facts),
  ...overrides(facts, nowMs),
  ...plans(facts, nowMs),
  ...otherAutoscalers(facts),
  ...disruption(facts),
  ...priorities(facts),
  ...podSecurity(facts),
];
