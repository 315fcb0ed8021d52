/** A whole embedded stack for one test or evidence run: opened, with a Ready intake, and gone afterwards. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { defined } from '../../contract/defined.ts';
import { contingencyAnnotation } from '../../contract/names.ts';
import type { ContingencyLevel } from '../../contract/types/contingency.ts';
import { type EmbeddedOptions, startEmbedded } from '../../local/embedded.ts';
import type { Stack } from '../../local/stack.ts';
import { eventually } from './eventually.ts';

export interface StackCampaign {
  readonly opensInMs?: number;
  readonly closesInMs?: number;
  readonly titleEn?: string;
  readonly intake?: { readonly min: number; readonly max: number; readonly capacityPerReplica: number };
  readonly records?: { readonly min: number; readonly max: number; readonly capacityPerReplica: number };
  readonly admissionPerSecond?: number;
  /** Left out: the default. */
  readonly waitingRoom?: { readonly enabled: boolean; readonly preQueueMinutes?: number };
  /** Arrivals per second that it is pre-warmed for; left out: it isn't. */
  readonly forecast?: number;
  /** Identities are checked; left out: they aren't. */
  readonly verification?: {
    readonly provider: {
      readonly name: string;
      readonly type: string;
      readonly url: string;
      readonly requestsPerSecond: number;
    };
    readonly pods: { readonly min: number; readonly max: number; readonly capacityPerReplica: number };
  };
  /** Left out: the defaults, which take hours. */
  readonly down?: { readonly windowSeconds: number; readonly percentPerMinute: number; readonly holdAfterOpen: string };
  /** Contingency levels, and what is said about them: by name, a command. */
  readonly levels?: readonly ContingencyLevel[];
  readonly said?: Readonly<Record<string, string>>;
}

/** Settings of the installation, which are not in the campaign. */
export type StackRoom = Pick<EmbeddedOptions, 'shardMaxBytes' | 'maxFileStoreBytes' | 'tracing'>;

const HOUR_MS = 3_600_000;

/** YAML of a small sound campaign, open since an hour unless stated. */
export const stackCampaignYaml = (
  {
    opensInMs = -HOUR_MS,
    closesInMs = HOUR_MS,
    titleEn = 'Test vouchers',
    intake = { min: 2, max: 4, capacityPerReplica: 500 },
    records = { min: 1, max: 2, capacityPerReplica: 2000 },
    admissionPerSecond,
    waitingRoom,
    forecast,
    verification,
    down,
    levels,
    said = {},
  }: StackCampaign,
  nowMs: number,
): string =>
  stringify({
    apiVersion: 'voucher-operator.io/v1alpha1',
    kind: 'VoucherCampaign',
    metadata: {
      name: 'test',
      namespace: 'default',
      annotations: Object.fromEntries(Object.entries(said).map(([name, text]) => [contingencyAnnotation(name), text])),
    },
    spec: {
      campaignId: 'test-campaign',
      title: { 'zh-CN': '测试消费券', en: titleEn },
      window: {
        opensAt: new Date(nowMs + opensInMs).toISOString(),
        closesAt: new Date(nowMs + closesInMs).toISOString(),
      },
      vouchers: [
        {
          name: 'dining',
          title: { 'zh-CN': '餐饮', en: 'Dining' },
          faceValueFen: 5000,
          minimumSpendFen: 10000,
          quota: 1000,
          validDays: 7,
        },
      ],
      traffic: defined({ admissionPerSecond, waitingRoom }),
      ...(verification === undefined ? {} : { verification: { providers: [verification.provider] } }),
      ...(levels === undefined ? {} : { contingency: { levels } }),
      scaling: {
        ...(forecast === undefined ? {} : { peakArrivalsPerSecond: forecast }),
        ...(down === undefined ? {} : { down }),
        authorized: {
          ceilings: {
            intake: intake.max,
            records: records.max,
            ...(verification === undefined ? {} : { verification: verification.pods.max }),
          },
        },
        tiers: { intake, records, ...(verification === undefined ? {} : { verification: verification.pods }) },
      },
    },
  });

/** Says so about the levels of a stack that was started with this campaign, as `kubectl annotate` would. */
export const sayOnStack = (
  stack: Stack,
  campaign: StackCampaign,
  said: Readonly<Record<string, string>>,
): Promise<void> => {
  const { opensInMs = -HOUR_MS } = campaign;
  return stack.applyCampaign(stackCampaignYaml({ ...campaign, said }, stack.snapshot().opensAtMs - opensInMs));
};

/**
 * Opens a stack of `LATER` now, and closes it soon. So a test that waits for the closing need not also wait for the slowest start: the
 * closing of an open campaign can only be moved later.
 */
export const openStackFor = (stack: Stack, campaign: StackCampaign, ms: number): Promise<void> =>
  stack.applyCampaign(stackCampaignYaml({ ...campaign, opensInMs: 0, closesInMs: ms }, Date.now()));

/** A campaign that opens when the test says so. */
export const LATER = { opensInMs: HOUR_MS, closesInMs: 2 * HOUR_MS } as const;

export const isStackReady = (stack: Stack): boolean => {
  const { conditions, tiers } = stack.snapshot();
  const ready = conditions.find(({ type }) => type === 'Ready')?.status === 'True';
  return ready && tiers.intake !== undefined && tiers.intake.ready >= tiers.intake.desired;
};

/** Starts, waits until the campaign is Ready, runs `use`, and always stops. */
export const withStack = async <T>(
  campaign: StackCampaign,
  signal: AbortSignal,
  use: (stack: Stack, stateDir: string) => Promise<T>,
  room: StackRoom = {},
): Promise<T> => {
  const stateDir = await mkdtemp(join(tmpdir(), 'voucher-stack-'));
  const stack = await startEmbedded({
    campaignYaml: stackCampaignYaml(campaign, Date.now()),
    stateDir,
    signal,
    progress: () => undefined,
    ...room,
  });
  try {
    await eventually(() => isStackReady(stack), { what: 'the campaign to be Ready' });
    return await use(stack, stateDir);
  } finally {
    await stack.stop();
    await rm(stateDir, { recursive: true, force: true });
  }
};
