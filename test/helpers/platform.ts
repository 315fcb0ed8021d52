/** The chart on a local cluster, with one campaign that is Ready: for tests and evidence. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { admitCampaign, formatAdmissionErrors } from '../../admission/admission.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import { startOnCluster } from '../../local/on-cluster/stack.ts';
import type { Stack } from '../../local/stack.ts';
import { systemClock } from '../../runtime/clock.ts';
import { whyNoCluster } from '../../tools/cluster/host.ts';
import { type Cluster, down, up } from '../../tools/cluster.ts';
import { eventually } from './eventually.ts';
import { clusterApi, type KubeApi } from './kube-api.ts';
import type { ScenarioContext, ScenarioResult } from './scenario.ts';
import { isStackReady, type StackCampaign, stackCampaignYaml } from './with-stack.ts';

/** As the demo's stack calls them. */
export const SYSTEM_NAMESPACE = 'voucher-system';
export const CAMPAIGN_NAMESPACE = 'vouchers';
export const RELEASE = 'voucher';
export const OPERATOR_USER = `system:serviceaccount:${SYSTEM_NAMESPACE}:${RELEASE}`;

export interface Platform {
  readonly cluster: Cluster;
  readonly api: KubeApi;
  readonly stack: Stack;
  /** Applies it to the campaign that is there; what is left out is as it was at the start. */
  edit(changes: StackCampaign): Promise<void>;
  /** kubectl in the namespace of the campaign. */
  kubectl(...args: readonly string[]): Promise<string>;
  /** kubectl in the namespace of the release. */
  system(...args: readonly string[]): Promise<string>;
  /** The cluster stays. */
  stop(): Promise<void>;
}

const admit = (yaml: string): VoucherCampaign => {
  const admission = admitCampaign(yaml);
  if (admission.kind === 'refused') throw new Error(formatAdmissionErrors(admission.errors, 'campaign'));
  return admission.campaign;
};

export const startPlatform = async (
  clusterName: string,
  campaign: StackCampaign,
  signal: AbortSignal,
  progress: (line: string) => void,
): Promise<Platform> => {
  const startedAtMs = Date.now();
  const cluster = await up({ name: clusterName, progress }, signal);
  const dir = await mkdtemp(join(tmpdir(), 'voucher-platform-'));
  const stack = await startOnCluster({
    campaignYaml: stackCampaignYaml(campaign, startedAtMs),
    admit,
    stateDir: dir,
    crowdFolders: [],
    signal,
    progress,
    clusterName,
    keep: true,
  });
  const stop = async (): Promise<void> => {
    await stack.stop();
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await eventually(() => isStackReady(stack), { timeoutMs: 120_000, what: 'the campaign to be Ready' });
    return {
      cluster,
      api: await clusterApi(clusterName),
      stack,
      edit: (changes) => stack.applyCampaign(stackCampaignYaml({ ...campaign, ...changes }, startedAtMs)),
      kubectl: (...args) => cluster.kubectl(['-n', CAMPAIGN_NAMESPACE, ...args]),
      system: (...args) => cluster.kubectl(['-n', SYSTEM_NAMESPACE, ...args]),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
};

/**
 * For evidence: on the cluster that `--cluster NAME` names and that is kept, or on a new one that is removed at the end.
 */
export const withPlatform = async (
  { args, signal, progress }: ScenarioContext,
  campaign: StackCampaign,
  use: (platform: Platform) => Promise<ScenarioResult>,
): Promise<ScenarioResult> => {
  const reason = whyNoCluster();
  if (reason !== undefined) return { kind: 'not_run', reason };
  const { values } = parseArgs({ args: [...args], options: { cluster: { type: 'string' } }, strict: false });
  const name = typeof values['cluster'] === 'string' ? values['cluster'] : 'vo-evidence';
  try {
    const platform = await startPlatform(name, campaign, signal, progress);
    try {
      return await use(platform);
    } finally {
      await platform.stop();
    }
  } finally {
    if (values['cluster'] === undefined) await down(name, new AbortController().signal, progress);
  }
};

const OBSERVATION_STEP_MS = 20;
const OBSERVATION_GRACE_MS = 10_000;

/** For evidence and benches that measure over a time; tests wait for conditions. */
export const observeFor = async (ms: number, signal: AbortSignal): Promise<void> => {
  const endAtMs = systemClock.monotonicMs() + ms;
  const isOver = (): boolean => systemClock.monotonicMs() >= endAtMs;
  const what = `${ms} ms of observation to be over`;
  await eventually(isOver, { timeoutMs: ms + OBSERVATION_GRACE_MS, everyMs: OBSERVATION_STEP_MS, what, signal });
};
