/**
 * A run of a campaign, second by second, as `npm run demo` writes it (recording.jsonl): a line with the campaign, then a line for each
 * second with what has changed. Pure.
 */
import { z } from 'zod';
import { perTier, type Tier } from '../../contract/tiers.ts';
import type { VoucherCampaignStatus } from '../../contract/types/campaign.ts';
import type { ScalePlan } from '../../contract/types/scale-plan.ts';
import type { DecisionRecord } from '../../operator/history/decision-record.ts';
import { keepCampaign } from '../../operator/kube/campaigns.ts';
import { parseObject } from '../../operator/kube/objects.ts';
import { keepScalePlan } from '../../operator/kube/scale-plans.ts';
import type { Decisions, SeenCampaign } from '../cluster.ts';
import { UsageError } from '../errors.ts';
import type { CitizensSeen } from './frame.ts';

const KIND = 'voucher-recording';

const object = z.looseObject({ metadata: z.looseObject({ name: z.string(), namespace: z.string() }) });

const header = z.object({
  kind: z.literal(KIND),
  v: z.literal(1),
  of: z.enum(['demo', 'simulation']),
  /** Without status. */
  campaign: object,
});

const line = z.object({
  atMs: z.number(),
  /** Fields of the status that have changed; null: gone. */
  status: z.record(z.string(), z.unknown()).optional(),
  /** All of them, when one has changed. */
  plans: z.array(object).optional(),
  /** Replicas that demand asks for, by tier. */
  wanted: z.record(z.string(), z.number()).optional(),
  answerP99Ms: z.number().optional(),
});

/** As it is written: of the objects only names are known here. */
export interface RecordingLine {
  readonly atMs: number;
  readonly status?: Readonly<Record<string, unknown>>;
  readonly plans?: readonly object[];
  readonly wanted?: Readonly<Record<string, number>>;
  readonly answerP99Ms?: number;
}

export type RecordedOf = z.infer<typeof header>['of'];

export const headerLine = (of: RecordedOf, campaign: object): object => ({ kind: KIND, v: 1, of, campaign });

/** The fields of `now` that differ from `before`. Undefined: none does. */
export const changedFields = (
  before: VoucherCampaignStatus,
  now: VoucherCampaignStatus,
): Readonly<Record<string, unknown>> | undefined => {
  const [was, is]: Readonly<Record<string, unknown>>[] = [{ ...before }, { ...now }];
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  const changed = names.filter((name) => JSON.stringify(was?.[name]) !== JSON.stringify(is?.[name]));
  return changed.length === 0 ? undefined : Object.fromEntries(changed.map((name) => [name, is?.[name] ?? null]));
};

export interface RecordedFrame {
  readonly atMs: number;
  readonly campaign: SeenCampaign;
  readonly plans: readonly ScalePlan[];
  readonly decisions: Decisions;
  readonly citizens: CitizensSeen;
}

export interface Recording {
  readonly of: RecordedOf;
  readonly frames: readonly RecordedFrame[];
}

const parsed = <T extends z.ZodType>(schema: T, text: string, where: string): z.infer<T> => {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    const why =
      cause instanceof z.ZodError
        ? cause.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)[0]
        : String(cause);
    throw new UsageError(
      `${where} is no line of a recording (${why}): give the recording.jsonl of a run of npm run demo`,
      { cause },
    );
  }
};

/** The decision behind a tier's number, and since when it holds. */
const decisionOf = (
  tier: Tier,
  { spec, status }: SeenCampaign,
  wanted: number | undefined,
  at: string,
  before: DecisionRecord | undefined,
): DecisionRecord | undefined => {
  const seen = status?.tiers?.[tier];
  if (seen === undefined) return undefined;
  const { desired, ready, limitedBy, ceiling } = seen;
  const { min, max } = spec.scaling.tiers[tier];
  const isSame = before?.desired === desired && before.limitedBy === limitedBy;
  return {
    at: isSame ? before.at : at,
    desired,
    ready,
    limitedBy,
    wanted: wanted ?? desired,
    min,
    max,
    ceiling,
    mode: spec.scaling.mode,
    signals: { arrivals: { kind: 'absent' } },
  };
};

/** @param file for messages @throws UsageError that names the line */
export const parseRecording = (text: string, file: string): Recording => {
  const [first = '', ...rest] = text.split('\n').filter((one) => one !== '');
  const { of, campaign } = parsed(header, first, `${file}, line 1,`);
  let status: Readonly<Record<string, unknown>> = {};
  let plans: readonly ScalePlan[] = [];
  let wanted: Readonly<Record<string, number>> = {};
  let last = perTier<DecisionRecord | undefined>(() => undefined);
  const stored = <T extends z.infer<typeof object>>(value: T) =>
    parseObject({ ...value, metadata: { uid: value.metadata.name, resourceVersion: '1', ...value.metadata } });
  const isWhole = (one: string, index: number): boolean => index < rest.length - 1 || one.endsWith('}');
  // The last line of a run that was killed may be cut.
  const frames = rest.filter(isWhole).map((one, index): RecordedFrame => {
    const next = parsed(line, one, `${file}, line ${index + 2},`);
    const merged = { ...status, ...next.status };
    status = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null));
    plans = next.plans?.map((plan) => keepScalePlan(stored(plan))) ?? plans;
    wanted = next.wanted ?? wanted;
    const kept = { ...keepCampaign(stored({ ...campaign, status })), statusAtMs: next.atMs };
    const at = new Date(next.atMs).toISOString();
    const before = last;
    last = perTier((tier) => decisionOf(tier, kept, wanted[tier], at, before[tier]));
    const decisions = { ...perTier((tier) => (last[tier] === undefined ? [] : [last[tier]])), recent: [] };
    return { atMs: next.atMs, campaign: kept, plans, decisions, citizens: { answerP99Ms: next.answerP99Ms } };
  });
  if (frames.length === 0) throw new UsageError(`${file} has no seconds: the run ended before the stack was ready`);
  return { of, frames };
};
