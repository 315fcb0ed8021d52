/**
 * A step of 80× on one plant, policy by policy, and the outputs that docs/simulator.md shows, written into it.
 * `npm run evidence -- simulator`
 */
import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseCampaign } from '../../cli/campaign-file.ts';
import type { VoucherCampaignSpec } from '../../contract/types/campaign.ts';
import { POLICIES, type PolicyName } from '../../simulation/policies/policy.ts';
import { simulate } from '../../simulation/simulate.ts';
import { parseTrace } from '../../simulation/trace.ts';
import { withFreshOutput } from '../helpers/documented-output.ts';
import type { Scenario } from '../helpers/scenario.ts';

const DOCUMENT = join(import.meta.dirname, '../../docs/simulator.md');

const traces = join(import.meta.dirname, '../../examples/traces');
const read = (name: string): string => readFileSync(join(traces, name), 'utf8');
const spec = await parseCampaign(read('step-80x.yaml'), 'step-80x.yaml');
const trace = parseTrace(read('step-80x.csv'));
const STEP_SECOND = 120;
const END_SECOND = 520;
/** What 8,000/s need at 20/s. */
const SUFFICIENT = 400;

const ECONOMICAL = 'voucher-operator, economical';
const FORECAST = 'voucher-operator, forecast 8,000/s';

const withScaling = (scaling: Partial<VoucherCampaignSpec['scaling']>): VoucherCampaignSpec => ({
  ...spec,
  scaling: { ...spec.scaling, ...scaling },
});
const contestants: readonly (readonly [name: string, policy: PolicyName, spec: VoucherCampaignSpec])[] = [
  ...POLICIES.map((policy) => [policy, policy, spec] as const),
  [ECONOMICAL, 'voucher-operator', withScaling({ drain: { mode: 'economical' } })],
  [FORECAST, 'voucher-operator', withScaling({ peakArrivalsPerSecond: 8_000 })],
];

interface Figures {
  readonly capacity: number;
  readonly p99: number;
  readonly late: number;
  readonly drained: number;
  readonly replicas: number;
  readonly podSeconds: number;
}

const play = (policy: PolicyName, campaign: VoucherCampaignSpec, qps: number, phaseSeconds: number): Figures => {
  const plant = { startSeconds: 8, podsCreatedPerSecond: qps, podsCreatedBurst: 30 };
  // The last 400 s alone: what comes before them is the same for all, but for the pods of a forecast.
  const result = simulate(campaign, trace, plant, { policy, phaseSeconds, tier: 'records' });
  const before = simulate(campaign, [...trace.slice(0, 1), { atSeconds: STEP_SECOND, arrivalsPerSecond: 0 }], plant, {
    policy,
    phaseSeconds,
    tier: 'records',
  });
  const after = result.timeline.filter(({ t }) => t >= STEP_SECOND);
  return {
    capacity: (after.find(({ ready }) => ready >= SUFFICIENT)?.t ?? END_SECOND) - STEP_SECOND,
    p99: result.waitP99Seconds,
    late: result.lateOver5Seconds,
    drained: Math.max(0, (result.drainedAtSeconds ?? END_SECOND) - STEP_SECOND),
    replicas: result.maxReplicas,
    podSeconds: result.podSeconds - before.podSeconds,
  };
};

const mean = (figures: readonly Figures[], of: (one: Figures) => number): number =>
  figures.reduce((sum, one) => sum + of(one), 0) / figures.length;

const figuresOf = (policy: PolicyName, campaign: VoucherCampaignSpec, qps: number): Figures => {
  // An HPA looks every 15 s, in a second that no one can choose: the mean over every phase.
  const phases = policy === 'voucher-operator' ? [0] : Array.from({ length: 15 }, (_, phase) => phase);
  const all = phases.map((phase) => play(policy, campaign, qps, phase));
  const of = (key: keyof Figures): number => Math.round(mean(all, (one) => one[key]));
  return {
    capacity: of('capacity'),
    p99: of('p99'),
    late: of('late'),
    drained: of('drained'),
    replicas: of('replicas'),
    podSeconds: of('podSeconds'),
  };
};

const row = (name: string, { capacity, p99, late, drained, replicas, podSeconds }: Figures): string =>
  `| ${name} | ${capacity} s | ${p99} s | ${late.toLocaleString('en-US')} | ${drained} s | ${replicas} | ${Math.round(podSeconds / 1000)}k |`;

export const scenario: Scenario = {
  issue: '04',
  run: async ({ progress }) => {
    const samples = [20, 200].flatMap((qps) => {
      progress(
        `| ${qps} pods/s | enough ready after | p99 wait | late > 5 s | drained after | most replicas | pod·s |`,
      );
      progress('|---|---|---|---|---|---|---|');
      return contestants.map(([name, policy, campaign]) => {
        const figures = figuresOf(policy, campaign, qps);
        progress(row(name, figures));
        return { name, qps, ...figures };
      });
    });
    const lateOf = (name: string): number =>
      samples.find((sample) => sample.name === name && sample.qps === 20)?.late ?? 0;
    await writeFile(DOCUMENT, await withFreshOutput(await readFile(DOCUMENT, 'utf8')));
    return {
      kind: 'ran',
      holds: lateOf('voucher-operator') <= 0.8 * lateOf('keda-expert') && lateOf(FORECAST) === 0,
      summary: { lateOperator: lateOf('voucher-operator'), lateExpert: lateOf('keda-expert') },
      raw: samples,
    };
  },
};
