/**
 * A cluster, a journal and signals in memory, for tests of the reconciler. It is strict: a call that a correct operator
 * never makes throws, and the schema of both resources must admit what is written. Every accepted change is one entry of `writes`.
 */

import type { Deployment } from 'kubernetes-types/apps/v1.js';
import type { Job } from 'kubernetes-types/batch/v1.js';
import { admitCampaignStatus, formatAdmissionErrors } from '../../admission/admission.ts';
import type { LiveSettings } from '../../contract/app-contract.ts';
import { defined } from '../../contract/defined.ts';
import { runKeyOf } from '../../contract/names.ts';
import { perTier, type Tier } from '../../contract/tiers.ts';
import type { VoucherCampaign, VoucherCampaignStatus } from '../../contract/types/campaign.ts';
import type { ScalePlan } from '../../contract/types/scale-plan.ts';
import type { JournalState } from '../../journal/administration.ts';
import { isJobManifest } from '../../operator/resources/job.ts';
import type { Manifest } from '../../operator/resources/manifest.ts';
import type { CampaignReadings } from '../../operator/signals/readings.ts';
import type { ObservedCluster, ObservedTier } from '../../operator/tick/cluster-view.ts';
import type { CampaignEvent } from '../../operator/tick/ports.ts';
import type { ReconcilerDeps } from '../../operator/tick/reconcile.ts';
import { admitScalePlanObject } from './admit-scale-plan.ts';
import { planDeps } from './build-options.ts';
import type { FakeClock } from './fake-clock.ts';
import { freshReadings, SYNCED } from './observed.ts';

type Source = 'observe' | 'signals' | 'ensure' | 'settings' | 'status' | 'scale' | 'apply' | 'remove';

const keyOf = ({ kind, metadata }: Manifest): string => `${kind}/${metadata?.name}`;
const isDeployment = (manifest: Manifest): manifest is Deployment => manifest.kind === 'Deployment';

/** Like the errors of operator/kube. */
export class Refused extends Error {
  readonly isRefusal = true;
  readonly said: string;

  constructor(said: string) {
    super(`a call: 403 Forbidden: ${said}`);
    this.said = said;
  }
}

interface FakeDeployment {
  replicas: number;
  ready: number;
  version: number;
}

export class FakeWorld {
  readonly writes: string[] = [];
  readonly events: CampaignEvent[] = [];
  readonly failures: string[] = [];
  readonly scaleResults: string[] = [];
  readonly statuses: VoucherCampaignStatus[] = [];
  readonly plans: ScalePlan[] = [];
  readonly deployments = new Map<string, FakeDeployment>();
  /** At work for ever: a test does what they would do. */
  readonly jobs = new Map<string, Job>();
  /** Sources that never answer, and never look at their signal. */
  readonly hanging = new Set<Source>();
  /** Objects that the API server refuses, as `Kind/name`, with its words. */
  readonly refusing = new Map<string, string>();
  /** Objects whose writer never answers. */
  readonly stalled = new Set<string>();
  /** Sources that fail at once. */
  readonly failing = new Set<Source>();
  journal: JournalState = SYNCED;
  readings: CampaignReadings | undefined;
  settings: LiveSettings | undefined;
  /** Times that the bucket was asked, whether or not it was changed. */
  settingsCalls = 0;
  /** Called before a scale write, to play another writer. */
  beforeScale: (() => void) | undefined;
  readonly #objects = new Map<string, string>();
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  /** Every pod that was asked for becomes ready. */
  settlePods(): void {
    for (const deployment of this.deployments.values()) deployment.ready = deployment.replicas;
  }

  #tier(campaign: VoucherCampaign, tier: Tier): ObservedTier | undefined {
    const name = `${campaign.metadata.name}-${tier}`;
    const found = this.deployments.get(name);
    if (found === undefined) return undefined;
    return {
      deployment: { name, replicas: found.replicas, resourceVersion: String(found.version) },
      pods: Array.from({ length: found.replicas }, (_, n) => ({
        name: `${name}-${n}`,
        tier,
        ready: n < found.ready,
        createdAtMs: 0,
      })),
    };
  }

  async #answer<T>(source: Source, value: () => T): Promise<T> {
    if (this.hanging.has(source)) return new Promise<T>(() => undefined);
    if (this.failing.has(source)) throw new Error(`${source} is down`);
    return value();
  }

  #observe(campaign: VoucherCampaign): ObservedCluster {
    const jobs = [...this.jobs.keys()].map((name) => [
      runKeyOf(campaign.metadata.name, name),
      { name, state: 'running' as const, failedPods: 0 },
    ]);
    return {
      tiers: defined(perTier((tier) => this.#tier(campaign, tier))),
      plans: [...this.plans],
      jobs: Object.fromEntries(jobs),
    };
  }

  /** @throws Refused, as an API server whose admission says no */
  async #admit(manifest: Manifest, write: () => void): Promise<void> {
    const words = this.refusing.get(keyOf(manifest));
    if (words !== undefined) throw new Refused(words);
    if (this.stalled.has(keyOf(manifest))) return new Promise(() => undefined);
    write();
  }

  #create(manifest: Manifest): void {
    if (isJobManifest(manifest)) {
      this.jobs.set(manifest.metadata?.name ?? '', manifest);
      this.writes.push(`create ${keyOf(manifest)}`);
      return;
    }
    if (!isDeployment(manifest)) throw new Error(`only Deployments are created by POST, not ${manifest.kind}`);
    const replicas = manifest.spec?.replicas;
    if (replicas === undefined) throw new Error('a Deployment is created without replicas');
    if (this.#objects.has(keyOf(manifest))) throw new Error(`${keyOf(manifest)} is there already`);
    for (const needed of ['ServiceAccount', 'PodDisruptionBudget']) {
      if (!this.#objects.has(`${needed}/${manifest.metadata?.name}`)) throw new Error(`${needed} must come first`);
    }
    const { replicas: _, ...spec } = manifest.spec ?? {};
    this.#objects.set(keyOf(manifest), JSON.stringify({ ...manifest, spec }));
    this.deployments.set(manifest.metadata?.name ?? '', { replicas, ready: 0, version: 1 });
    this.writes.push(`create ${keyOf(manifest)}`);
  }

  #apply(manifest: Manifest): void {
    if (isDeployment(manifest)) {
      if (manifest.spec !== undefined && 'replicas' in manifest.spec) throw new Error('an apply carries replicas');
      if (!this.#objects.has(keyOf(manifest))) throw new Error('a Deployment is applied before it was created');
    }
    const text = JSON.stringify(manifest);
    if (this.#objects.get(keyOf(manifest)) === text) return;
    this.#objects.set(keyOf(manifest), text);
    this.writes.push(`apply ${keyOf(manifest)}`);
  }

  /** Everything that a reconciler needs of this world. */
  deps(): ReconcilerDeps {
    return {
      clock: this.#clock,
      ...planDeps,
      cluster: { observe: (campaign) => this.#answer('observe', () => this.#observe(campaign)) },
      signals: { read: () => this.#answer('signals', () => this.readings ?? freshReadings(this.#clock.now())) },
      manifests: {
        create: (manifest) => this.#admit(manifest, () => this.#create(manifest)),
        apply: async (manifest) => {
          await this.#answer('apply', () => undefined);
          await this.#admit(manifest, () => this.#apply(manifest));
        },
        remove: ({ name, resourceVersion }) =>
          this.#answer('remove', () => {
            if (String(this.deployments.get(name)?.version) !== resourceVersion) throw new Error(`${name} has changed`);
            this.deployments.delete(name);
            this.#objects.delete(`Deployment/${name}`);
            this.writes.push(`delete Deployment/${name}`);
          }),
      },
      replicas: {
        scale: ({ name, replicas, resourceVersion }) =>
          this.#answer('scale', () => {
            this.beforeScale?.();
            const deployment = this.deployments.get(name);
            if (deployment === undefined) throw new Error(`${name} does not exist`);
            if (String(deployment.version) !== resourceVersion) return 'conflict';
            deployment.replicas = replicas;
            deployment.ready = Math.min(deployment.ready, replicas);
            deployment.version += 1;
            this.writes.push(`scale ${name} ${replicas}`);
            return 'written';
          }),
      },
      status: {
        writeStatus: (campaign, status) =>
          this.#answer('status', () => {
            const admission = admitCampaignStatus(campaign, status);
            // As the API server: what was stored before a rule came, and is not changed now, may go on breaking it.
            const isNew = ({ path }: { readonly path: string }): boolean => path.startsWith('status');
            if (admission.kind === 'refused' && !admission.errors.some(isNew)) {
              this.statuses.push(status);
              this.writes.push('status');
              return;
            }
            if (admission.kind === 'refused') throw new Error(formatAdmissionErrors(admission.errors, 'status'));
            this.statuses.push(status);
            this.writes.push('status');
          }),
      },
      plans: {
        createPlan: async (plan) => {
          if (this.plans.some(({ metadata }) => metadata.name === plan.metadata.name)) {
            throw new Error(`${plan.metadata.name} is there already`);
          }
          const admission = admitScalePlanObject(plan);
          if (admission.kind === 'refused') throw new Error(formatAdmissionErrors(admission.errors, 'plan'));
          this.plans.push(plan);
          this.writes.push('plan');
        },
        writeStatus: async (plan, status) => {
          const at = this.plans.findIndex(({ metadata }) => metadata.name === plan.metadata.name);
          this.plans[at] = { ...plan, status };
        },
      },
      canaries: { ask: async () => ({ result: 'confirmed', reason: '' }) },
      events: { emit: (_, event) => void this.events.push(event) },
      journal: {
        ensure: () => this.#answer('ensure', () => this.journal),
        remove: async () => ({ kind: 'removed', streams: 6 }),
        backlog: async () => {
          throw new Error('the reconciler reads the backlog through its signals only');
        },
        putLiveSettings: (_, settings) =>
          this.#answer('settings', () => {
            this.settingsCalls += 1;
            if (JSON.stringify(this.settings) === JSON.stringify(settings)) return;
            this.settings = settings;
            this.writes.push('settings');
          }),
      },
      report: {
        planned: () => undefined,
        undecided: () => undefined,
        decided: () => undefined,
        scaleWrite: (_, result) => void this.scaleResults.push(result),
        failed: (_, error) => void this.failures.push(error.kind),
        ticked: () => undefined,
        forgotten: () => undefined,
      },
    };
  }
}
