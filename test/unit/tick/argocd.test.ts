/**
 * What Argo CD is given (deploy/argocd): test data that the operator's own code makes, in the layout of Argo CD's repository, and
 * the verdicts that the health check has to come to. The Lua itself is not executed here: no dependency brings an interpreter.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { CONDITION_REASONS, CONDITION_TYPES } from '../../../contract/conditions.ts';
import { OVERRIDES } from '../../../contract/names.ts';
import { unreadableInCampaign } from '../../../contract/readable.ts';
import { UNSEEN_STATUS } from '../../../contract/schema/status.ts';
import type { VoucherCampaign, VoucherCampaignStatus } from '../../../contract/types/campaign.ts';
import { heldStatus, heldUnreadable } from '../../../operator/tick/held.ts';
import type { Observed } from '../../../operator/tick/observed.ts';
import { planTick } from '../../../operator/tick/tick-plan.ts';
import { aCampaign, OPENS_AT_MS } from '../../helpers/a-campaign.ts';
import { planDeps } from '../../helpers/build-options.ts';
import { anObserved, anObservedTier, aScalePlan, freshReadings } from '../../helpers/observed.ts';

const FOLDER = join(
  import.meta.dirname,
  '../../../deploy/argocd/resource_customizations/voucher-operator.io/VoucherCampaign',
);
const START_MS = OPENS_AT_MS - 24 * 3_600_000;

const cluster = (pods: number): Observed['cluster'] => ({
  tiers: { intake: anObservedTier('intake', 2, pods), records: anObservedTier('records', 2, pods) },
  plans: [],
});
const look = (campaign: VoucherCampaign, seen: Partial<Observed>, seconds: number): VoucherCampaignStatus => {
  const nowMs = START_MS + seconds * 1000;
  const observed = anObserved({ cluster: cluster(2), readings: freshReadings(nowMs), ...seen });
  return planTick(campaign, observed, nowMs, planDeps).status;
};
/** As it is after looks a second apart, the last one after so many seconds. */
const after = (looks: readonly Partial<Observed>[], campaign = aCampaign(), lastSeconds = looks.length) =>
  looks.reduce<VoucherCampaignStatus | undefined>(
    (previous, seen, index) => look(campaign, { ...seen, previous }, index === looks.length - 1 ? lastSeconds : index),
    undefined,
  );

const FIRST = { cluster: cluster(0), journal: undefined };
const SHORT = { cluster: cluster(1) };
const AWAY = { journal: { kind: 'unavailable', message: 'no server answers' } } as const;
const second = aCampaign({ metadata: { generation: 2 } });
const paused = aCampaign({
  metadata: { annotations: { [OVERRIDES.paused]: new Date(OPENS_AT_MS).toISOString() } },
});
const unreadable: VoucherCampaign = {
  ...second,
  spec: { ...second.spec, window: { ...second.spec.window, closesAt: 'never' } },
};
const well = after([FIRST, {}]);
const others = { ...anObservedTier('intake', 2), otherAutoscalers: ['keda-hpa-intake'] };
const pending = aScalePlan({ expiresAtMs: OPENS_AT_MS });

const files: Record<
  string,
  { readonly campaign?: VoucherCampaign; readonly status: VoucherCampaignStatus | undefined }
> = {
  'terminating.yaml': {
    campaign: aCampaign({ metadata: { deletionTimestamp: new Date(START_MS).toISOString() } }),
    status: well,
  },
  'progressing-unseen.yaml': { status: UNSEEN_STATUS },
  'progressing-older-generation.yaml': { campaign: second, status: well },
  'progressing-first-look.yaml': { status: after([FIRST]) },
  'progressing-tiers-start.yaml': { status: after([FIRST, SHORT]) },
  'progressing-new-spec.yaml': { campaign: second, status: look(second, { previous: well }, 60) },
  'degraded-journal-conflict.yaml': {
    status: after([
      FIRST,
      { journal: { kind: 'conflict', message: 'stream REG_chengdu_0 is owned by vouchers/autumn' } },
    ]),
  },
  'degraded-another-autoscaler.yaml': {
    status: after([FIRST, { cluster: { ...cluster(2), tiers: { ...cluster(2).tiers, intake: others } } }]),
  },
  'degraded-spec-unreadable.yaml': {
    campaign: unreadable,
    status: heldStatus(unreadable, well, heldUnreadable(unreadableInCampaign(unreadable)), START_MS),
  },
  'degraded-journal-unavailable.yaml': { status: after([FIRST, {}, AWAY]) },
  'degraded-tier-not-ready.yaml': { status: after([FIRST, {}, SHORT, SHORT], aCampaign(), 62) },
  'healthy-waits-for-opening.yaml': { status: well },
  'healthy-a-pod-restarts.yaml': { status: after([FIRST, {}, SHORT]) },
  'healthy-a-plan-waits.yaml': { status: after([FIRST, {}, { cluster: { ...cluster(2), plans: [pending] } }]) },
  'suspended.yaml': { campaign: paused, status: after([FIRST, {}], paused) },
};

/** Only what the script reads: the rest would change with every message of another condition. */
const READ: readonly string[] = ['Ready', 'Reconciling', 'Stalled', 'Overridden'];

const text = (campaign: VoucherCampaign, status: VoucherCampaignStatus | undefined): string =>
  stringify(
    {
      apiVersion: campaign.apiVersion,
      kind: campaign.kind,
      metadata: campaign.metadata,
      status: {
        observedGeneration: status?.observedGeneration,
        conditions: status?.conditions
          ?.filter(({ type }) => READ.includes(type))
          .map(({ lastTransitionTime: _time, observedGeneration: _generation, ...read }) => read),
      },
    },
    { lineWidth: 0, aliasDuplicateObjects: false },
  );

const condition = z.object({ type: z.string(), status: z.string(), reason: z.string(), message: z.string() });
const objectSchema = z.object({
  metadata: z.object({ generation: z.number(), deletionTimestamp: z.string().optional() }),
  status: z.object({ observedGeneration: z.number().optional(), conditions: z.array(condition).optional() }).optional(),
});
const expectations = z
  .object({
    tests: z.array(
      z.object({ healthStatus: z.object({ status: z.string(), message: z.string() }), inputPath: z.string() }),
    ),
  })
  .parse(parse(readFileSync(join(FOLDER, 'health_test.yaml'), 'utf8')));

/** The table of deploy/argocd/README.md. */
const healthOf = ({ metadata, status }: z.infer<typeof objectSchema>): { status: string; message: string } => {
  if (metadata.deletionTimestamp !== undefined) {
    return { status: 'Progressing', message: 'The campaign is being deleted' };
  }
  if (status?.conditions === undefined || status.observedGeneration !== metadata.generation) {
    return { status: 'Progressing', message: 'Waiting for the operator to look at this generation' };
  }
  const { conditions } = status;
  const told = (type: string, is: string, reason?: string) =>
    conditions.find((one) => one.type === type && one.status === is && (reason === undefined || one.reason === reason));
  const rows: readonly (readonly [string, ReturnType<typeof told>])[] = [
    ['Degraded', told('Stalled', 'True')],
    ['Progressing', told('Reconciling', 'True')],
    ['Degraded', told('Ready', 'False')],
    ['Progressing', told('Ready', 'Unknown')],
    ['Suspended', told('Overridden', 'True', 'Paused')],
    ['Healthy', told('Ready', 'True')],
  ];
  const [health = 'Progressing', found] = rows.find(([, row]) => row !== undefined) ?? [];
  return { status: health, message: found?.message ?? '' };
};

describe('Argo CD', () => {
  it.each(Object.entries(files))('%s is what the operator writes', (name, { campaign = aCampaign(), status }) => {
    const path = join(FOLDER, 'testdata', name);
    if (process.env['UPDATE_TESTDATA'] !== undefined) writeFileSync(path, text(campaign, status));
    expect(readFileSync(path, 'utf8')).toBe(text(campaign, status));
  });

  it.each(expectations.tests)('takes $inputPath for $healthStatus.status', ({ inputPath, healthStatus }) => {
    const object = objectSchema.parse(parse(readFileSync(join(FOLDER, inputPath), 'utf8')));
    expect(healthOf(object)).toEqual(healthStatus);
    expect(inputPath).toMatch(new RegExp(`testdata/(${healthStatus.status.toLowerCase()}|terminating)`));
  });

  it('has an expectation for every file', () => {
    expect(expectations.tests.map(({ inputPath }) => inputPath).sort()).toEqual(
      Object.keys(files)
        .map((name) => `testdata/${name}`)
        .sort(),
    );
  });

  it('is given no word that the operator does not write', () => {
    const lua = readFileSync(join(FOLDER, 'health.lua'), 'utf8');
    const named = [...lua.matchAll(/(?:has\(|is\[)"(\w+)"/g)].map(([, type = '']) => type);
    expect(named.length).toBeGreaterThan(5);
    expect(READ.filter((type) => !CONDITION_TYPES.some((one) => one === type))).toEqual([]);
    expect(named.filter((type) => !READ.includes(type))).toEqual([]);
    expect(CONDITION_REASONS.Overridden).toContain(/reason == "(\w+)"/.exec(lua)?.[1]);
  });
});
