/**
 * A recording of a campaign of a city's size, for pictures and for training: replicas by the operator's own law in the simulator, the
 * crowd by a small model. The page says that it is a simulation.
 *
 * ```
 * queue(t+1) = queue + arrivals − turns        turns = min(queue + arrivals, admission rate)
 * backlog(t+1) = backlog + turns − recorded    recorded = min(backlog + turns, 95 % of the admission rate until the crowd is over)
 * ```
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { admitCampaign } from '../../admission/admission.ts';
import { headerLine, type RecordingLine } from '../../cli/dashboard/recording.ts';
import { API_VERSION } from '../../contract/names.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { Condition } from '../../contract/types/common.ts';
import { simulate } from '../../simulation/simulate.ts';

const EXAMPLE = join(import.meta.dirname, '../../examples/chengdu-2020-phase-3.yaml');
const CEILING = 48;
const ASKED = 72;
const ADMISSION = 12_000;
const FROM = -150;

/** A million citizens in the first minute and a half, and then fewer. */
const TRACE = [
  { atSeconds: -60, arrivalsPerSecond: 120 },
  { atSeconds: 0, arrivalsPerSecond: 9_400 },
  { atSeconds: 6, arrivalsPerSecond: 16_700 },
  { atSeconds: 24, arrivalsPerSecond: 17_900 },
  { atSeconds: 48, arrivalsPerSecond: 15_200 },
  { atSeconds: 75, arrivalsPerSecond: 11_600 },
  { atSeconds: 110, arrivalsPerSecond: 8_900 },
  { atSeconds: 160, arrivalsPerSecond: 6_100 },
  { atSeconds: 240, arrivalsPerSecond: 0 },
];

/** Two slow waves and noise that is the same in every run. */
const uneven = (second: number): number =>
  1 + 0.025 * Math.sin(second / 7) + 0.018 * Math.sin(second / 2.3) + 0.02 * Math.sin(second * 12.9898);

const campaignOf = async (): Promise<VoucherCampaign> => {
  const stated = parse(await readFile(EXAMPLE, 'utf8'));
  const { spec } = stated;
  spec.traffic.admissionPerSecond = ADMISSION;
  spec.scaling.authorized = { ceilings: { intake: CEILING, records: 12, verification: 6 } };
  spec.scaling.tiers.records = { min: 2, max: 20, capacityPerReplica: 2_500 };
  spec.scaling.preWarm = { leadTime: '100s' };
  spec.verification = {
    providers: [{ name: 'tencent', type: 'TencentIdCard', requestsPerSecond: 2_400 }],
  };
  spec.draw = { sources: [{ name: 'drand', type: 'Drand' }] };
  const admitted = admitCampaign(stringify({ ...stated, metadata: { ...stated.metadata, namespace: 'vouchers' } }));
  if (admitted.kind === 'refused') throw new Error(JSON.stringify(admitted.errors));
  return admitted.campaign;
};

const condition = (
  type: string,
  status: Condition['status'],
  reason: string,
  message: string,
  at: string,
): Condition => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime: at,
});

/** @returns lines of recording.jsonl, from two and a half minutes before opening to four minutes after it */
export const simulatedRun = async (): Promise<string> => {
  const campaign = await campaignOf();
  const opensAtMs = Date.parse(campaign.spec.window.opensAt);
  const at = (second: number): string => new Date(opensAtMs + second * 1000).toISOString();
  const plant = { startSeconds: 6, podsCreatedPerSecond: 20 };
  const timelineOf = (tier: 'intake' | 'records') => {
    const { timeline } = simulate(campaign.spec, TRACE, plant, { tier, tailSeconds: 60 });
    return { get: (second: number) => timeline.findLast(({ t }) => t <= second) };
  };
  const [intakes, records] = [timelineOf('intake'), timelineOf('records')];
  const lines: unknown[] = [headerLine('simulation', campaign)];
  let [queue, backlog, received, verified, oldest] = [0, 0, 0, 0, 0];
  for (let second = FROM; second < 240; second += 1) {
    const base = TRACE.findLast(({ atSeconds }) => atSeconds <= second)?.arrivalsPerSecond ?? 0;
    const next = TRACE.find(({ atSeconds }) => atSeconds > second);
    const before = TRACE.findLast(({ atSeconds }) => atSeconds <= second);
    const share =
      next === undefined || before === undefined
        ? 0
        : (second - before.atSeconds) / (next.atSeconds - before.atSeconds);
    const arrivals = Math.round(
      (base + ((next?.arrivalsPerSecond ?? 0) - base) * (second < 0 ? 0 : share)) * uneven(second),
    );
    const entering = second < 0 ? 0 : arrivals;
    const intake = intakes.get(second);
    const ready = intake?.ready ?? 2;
    const turns = Math.min(queue + entering, ADMISSION * Math.min(1, ready / CEILING));
    queue += entering - turns;
    const recorded = Math.min(backlog + turns, ADMISSION * 0.955 * Math.min(1, (records.get(second)?.ready ?? 2) / 5));
    backlog = Math.round(backlog + turns - recorded);
    received = Math.round(received + recorded * 0.985);
    verified = Math.min(received, verified + (second < 0 ? 0 : 2_300 * uneven(second + 40)));
    oldest = backlog === 0 ? 0 : Math.round((backlog / Math.max(1, recorded)) * 100) / 100;
    const wantsMore = second >= 18 && second < 150;
    const wanted = {
      intake: wantsMore ? 66 : (intake?.desired ?? 2),
      records: records.get(second)?.desired ?? 2,
      verification: 7,
    };
    const tier = (desired: number, readyNow: number, ceiling: number, limitedBy: string, waits?: number) => ({
      replicas: desired,
      ready: readyNow,
      desired,
      ceiling,
      limitedBy,
      ...(waits === undefined ? {} : { backlog: waits }),
    });
    const isOpen = second >= 0;
    const since = at(isOpen ? 0 : FROM);
    const status = {
      stage: isOpen ? 'Open' : 'PreWarming',
      ...(isOpen ? { openedAt: at(0) } : {}),
      arrivalsPerSecond: arrivals,
      backlog,
      ...(oldest === 0 ? {} : { oldestSeconds: oldest }),
      counts: { received },
      ...(queue > 0
        ? {
            waiting: {
              citizens: Math.round(queue / 100) * 100,
              ratePerSecond: Math.round(turns),
              longestSeconds: Math.ceil(queue / Math.max(1, turns)),
            },
          }
        : {}),
      tiers: {
        intake: wantsMore
          ? tier(CEILING, Math.min(CEILING, ready), CEILING, 'Ceiling')
          : tier(
              Math.min(CEILING, intake?.desired ?? 2),
              Math.min(CEILING, ready),
              CEILING,
              intake?.limitedBy ?? 'Schedule',
            ),
        records: tier(
          wanted.records,
          records.get(second)?.ready ?? 2,
          12,
          records.get(second)?.limitedBy ?? 'Load',
          backlog,
        ),
        verification: tier(4, 4, 6, 'Provider', Math.round(received - verified)),
      },
      conditions: [
        condition('Ready', 'True', 'AllTiersReady', 'Every tier has its minimum of Ready replicas.', since),
        condition('JournalDurable', 'True', 'Verified', '3 replicas on disk.', since),
        wantsMore
          ? condition('PlanPending', 'True', 'AwaitingDecision', 'A ScalePlan waits for its owner.', at(18))
          : condition('PlanPending', 'False', 'NoPlan', 'No plan waits.', since),
      ],
    };
    const plans = wantsMore
      ? [
          {
            apiVersion: API_VERSION,
            kind: 'ScalePlan',
            metadata: { name: `chengdu-i${ASKED}-16rc8`, namespace: 'vouchers' },
            spec: {
              campaignName: campaign.metadata.name,
              campaignId: campaign.spec.campaignId,
              reason: 'Load',
              ceilings: { intake: ASKED },
              evidence: [],
              expiresAt: at(318),
              summary: {
                en: `intake needs ${wanted.intake} replicas, ${CEILING} are authorised. Raise its ceiling to ${ASKED}: the last citizen waits 40 s instead of 3 min.`,
                'zh-CN': `登记入口需要 ${wanted.intake} 个副本，已授权 ${CEILING} 个。申请将授权上限提高到 ${ASKED} 个：最后一位市民的等待由 3 分钟缩短到 40 秒。`,
              },
            },
          },
        ]
      : [];
    const line: RecordingLine = {
      atMs: opensAtMs + second * 1000,
      status,
      plans,
      wanted,
      answerP99Ms: isOpen ? Math.round((62 + 30 * Math.min(1.6, backlog / 20_000)) * uneven(second * 3)) : 21,
    };
    lines.push(line);
  }
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
};
