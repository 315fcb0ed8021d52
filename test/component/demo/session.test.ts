/** A whole demo with a stack of straw: real generator, real ledger, a fake intake, time as it is. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { admitCampaign, formatAdmissionErrors } from '../../../admission/admission.ts';
import { parseRecording } from '../../../cli/dashboard/recording.ts';
import type { VoucherCampaign } from '../../../contract/types/campaign.ts';
import { PROFILES } from '../../../local/demo/profile.ts';
import { exitCodeOf } from '../../../local/demo/run.ts';
import { runDemo } from '../../../local/demo/session.ts';
import { View } from '../../../local/demo/view.ts';
import type { DemoOptions, DemoWorld } from '../../../local/demo/world.ts';
import { compare } from '../../../local/ledger-check/compare.ts';
import { readLedger } from '../../../local/ledger-check/read-ledger.ts';
import type { Stack, StackProcess } from '../../../local/stack.ts';
import { aCampaign } from '../../helpers/a-campaign.ts';
import { contentOf, type FakeIntake, startFakeIntake } from './fake-intake.ts';

const EXAMPLE = join(import.meta.dirname, '../../../examples/chengdu-2020-phase-3.yaml');
const PROCESSES: readonly StackProcess[] = [
  { name: 'intake-0', role: 'intake', id: '1000001' },
  { name: 'records-0', role: 'records', id: '1000002' },
  { name: 'nats-0', role: 'nats', id: '1000003' },
];

const admit = (yaml: string): VoucherCampaign => {
  const admission = admitCampaign(yaml);
  if (admission.kind === 'refused') throw new Error(formatAdmissionErrors(admission.errors, 'campaign.yaml'));
  return admission.campaign;
};

let dir: string;
let intake: FakeIntake;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'voucher-demo-'));
  intake = await startFakeIntake(() => ({ kind: 'accept' }));
});
afterEach(async () => {
  await intake.close();
  await rm(dir, { recursive: true, force: true });
});

interface Straw {
  readonly backlog?: number;
  readonly signal?: AbortSignal;
  readonly options?: Partial<DemoOptions>;
  readonly startStack?: DemoWorld['startStack'];
  readonly onApplied?: () => void;
}

const demo = async ({
  backlog = 0,
  signal = new AbortController().signal,
  options = {},
  startStack,
  onApplied,
}: Straw = {}) => {
  const stopped: string[] = [];
  const killed: string[] = [];
  const applied: string[] = [];
  const written: string[] = [];
  const tier = { replicas: 2, ready: 2, desired: 2, ceiling: 8, limitedBy: 'Min', explanation: 'the floor' };
  const straw: Stack = {
    mode: 'embedded',
    url: intake.url,
    campaignId: 'chengdu-2020-3',
    shards: 3,
    ledgerCheck: { natsUrl: 'x', natsUser: 'x', natsPassword: 'x', postgresUrl: 'x' },
    logDir: dir,
    canaryKey: '',
    snapshot: () => ({
      atMs: Date.now(),
      campaign: aCampaign({ status: { stage: 'Open', backlog } }),
      stage: 'Open',
      opensAtMs: 0,
      closesAtMs: 0,
      contingency: [],
      arrivalsPerSecond: 1,
      backlog,
      oldestSeconds: undefined,
      tiers: { intake: tier, records: tier },
      conditions: [],
      draw: undefined,
      plans: [],
    }),
    events: () => [{ atMs: 0, type: 'Normal', reason: 'Opened', message: 'the campaign is open' }],
    processes: () => PROCESSES,
    kill: ({ id }) => void killed.push(id),
    applyCampaign: async (yaml) => {
      applied.push(yaml);
      onApplied?.();
    },
    metrics: async () => [],
    stop: async () => void stopped.push('stack'),
  };
  const stateDir = join(dir, 'state');
  await mkdir(stateDir);
  const traceFile = join(dir, 'trace.csv');
  await writeFile(traceFile, 'seconds,arrivalsPerSecond\n0,5\n0.5,100\n1.5,0\n');
  const world: DemoWorld = {
    admit,
    forecast: () => ({ peakIntakeReplicas: 3, peakWaiting: 10, waitP99Seconds: 1, podSeconds: 9 }),
    startStack: startStack ?? (async () => straw),
    ledgerCheck: async ({ ledgerFile }) => compare({ ledger: await readLedger(ledgerFile), ...contentOf(intake) }),
    view: new View({ isTTY: false, columns: 80, write: (text) => void written.push(text) }),
    now: () => Date.now(),
    signal,
  };
  const outcome = await runDemo(
    {
      profile: PROFILES.fast,
      campaignFile: EXAMPLE,
      traceFile,
      shiftOpenToMs: 1000,
      waitsForList: false,
      waitsForDraw: false,
      waitsForIssue: false,
      chaos: false,
      sabotage: undefined,
      seed: 1,
      stateDir,
      ...options,
    },
    world,
  ).then(
    (report) => ({ report, error: undefined }),
    (error: unknown) => ({ report: undefined, error }),
  );
  return { ...outcome, stopped, killed, applied, output: written.join(''), stateDir };
};

describe('the demo', () => {
  it('opens the campaign, floods it, drains it, finds nothing lost and stops the stack', async () => {
    const { report, stopped, applied, output, stateDir } = await demo();
    expect(report?.problems).toEqual([]);
    expect(report?.ledgerCheck).toMatchObject({ lost: 0, acknowledged: report?.load?.acknowledged });
    expect(report?.ledgerCheck.acknowledged).toBeGreaterThan(20);
    expect(report && exitCodeOf(report.ledgerCheck, report.problems)).toBe(0);
    expect(report?.times.firstRegistration).toBeGreaterThan(report?.times.opened ?? 0);
    expect(applied).toHaveLength(1);
    expect(stopped).toEqual(['stack']);
    expect(output.indexOf('Simulated forecast')).toBeLessThan(output.indexOf('Stack ready after'));
    expect(output).toContain('the first registrations are acknowledged');
    const file = join(stateDir, 'recording.jsonl');
    const recording = parseRecording(await readFile(file, 'utf8'), file);
    expect(recording.of).toBe('demo');
    expect(recording.frames).toHaveLength(report?.samples.length ?? 0);
    expect(recording.frames.at(-1)?.campaign.status).toMatchObject({ stage: 'Open', backlog: 0 });
    expect(recording.frames.some(({ citizens }) => citizens.answerP99Ms !== undefined)).toBe(true);
  });

  it('under sabotage ends with lost 1 and exit code 1', async () => {
    const { report } = await demo({ options: { sabotage: 'drop-one' } });
    expect(report?.ledgerCheck.lost).toBe(1);
    expect(report && exitCodeOf(report.ledgerCheck, report.problems)).toBe(1);
  });

  it('interrupted, stops the crowd and the stack and says why', async () => {
    const stop = new AbortController();
    const { error, stopped } = await demo({
      signal: stop.signal,
      options: { shiftOpenToMs: 60_000 },
      onApplied: () => stop.abort(new Error('interrupted')),
    });
    expect(error).toMatchObject({ name: 'AbortError' });
    expect(intake.posts()).toBe(0);
    expect(stopped).toEqual(['stack']);
  });

  it('passes on why the stack did not start', async () => {
    const { error } = await demo({
      startStack: async () => {
        throw new Error('no nats-server found');
      },
    });
    expect(String(error)).toContain('no nats-server found');
  });

  it('names the field of a campaign that is not admitted, before anything is built', async () => {
    const campaignFile = join(dir, 'bad.yaml');
    await writeFile(campaignFile, (await readFile(EXAMPLE, 'utf8')).replace('min: 2', 'min: 0'));
    const { error, applied } = await demo({ options: { campaignFile, profile: { ...PROFILES.fast, overrides: [] } } });
    expect(String(error)).toContain('spec.scaling.tiers.intake.min');
    expect(applied).toEqual([]);
  });
});
