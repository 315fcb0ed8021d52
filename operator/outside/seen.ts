/** What became of each pod's requests, from its counters at two ticks. Pure; times are monotonic unless said otherwise. */
import type { OutsideBlock } from '../../contract/outside/outside.ts';
import { OUTCOMES, type OutsideReport, type TargetReport } from './reports.ts';

/** One pod and one target. */
export interface SeenTarget extends TargetReport {
  readonly startedAtMs: number;
  readonly reportedAtMs: number;
  /** When the counters last showed that it was answered; that its quota is used up is an answer, too. */
  readonly answeredAtMs?: number;
  /** When the counters last showed a request that failed, or was refused; or when the block was first seen. */
  readonly failedAtMs?: number;
  readonly refusedAtMs?: number;
}

/** By pod, by target. */
export type Seen = Readonly<Record<string, Readonly<Record<string, SeenTarget>>>>;

/** Requests by pod. */
export type Counted = Readonly<Record<string, number>>;

export const requestsOf = ({ counts }: Pick<TargetReport, 'counts'>): number =>
  OUTCOMES.reduce((sum, outcome) => sum + counts[outcome], 0);

/** Since the report before. A process that has started since then began at zero. */
const grownBy = (
  report: TargetReport,
  startedAtMs: number,
  before: SeenTarget | undefined,
  of: (counts: TargetReport['counts']) => number,
): number => {
  const known = before !== undefined && before.startedAtMs === startedAtMs ? of(before.counts) : 0;
  const now = of(report.counts);
  // A counter that fell without a restart is a restart that the start time did not show.
  return now >= known ? now - known : now;
};

const seenTarget = (
  report: TargetReport,
  startedAtMs: number,
  before: SeenTarget | undefined,
  nowMs: number,
): SeenTarget => {
  const isNew = (block: OutsideBlock): boolean =>
    report.blocked.includes(block) && before?.blocked.includes(block) !== true;
  const grew = (of: (counts: TargetReport['counts']) => number): boolean =>
    grownBy(report, startedAtMs, before, of) > 0;
  const answeredAtMs = grew(({ answered, quota }) => answered + quota) ? nowMs : before?.answeredAtMs;
  const failedAtMs = grew(({ retry }) => retry) || isNew('failing') ? nowMs : before?.failedAtMs;
  const refusedAtMs = grew(({ refused }) => refused) || isNew('refused') ? nowMs : before?.refusedAtMs;
  return {
    ...report,
    startedAtMs,
    reportedAtMs: nowMs,
    ...(answeredAtMs === undefined ? {} : { answeredAtMs }),
    ...(failedAtMs === undefined ? {} : { failedAtMs }),
    ...(refusedAtMs === undefined ? {} : { refusedAtMs }),
  };
};

/**
 * How many requests the reports add to each target.
 *
 * | pod | its process | counts |
 * |---|---|---|
 * | reported before | the same      | what its counter has grown by |
 * | reported before | has restarted | all of its counter |
 * | first report    | began after this process led | all of its counter |
 * | first report    | was there when it began to lead (`inherited`) | what it exceeds the stored count by; nothing where none is stored |
 *
 * @param counted by target, by pod: what the stored value contains
 */
export const increaseOf = (
  seen: Seen,
  reports: readonly OutsideReport[],
  inherited: readonly string[],
  counted: Readonly<Record<string, Counted | undefined>>,
): Readonly<Record<string, number>> => {
  const increase: Record<string, number> = {};
  const total = (counts: TargetReport['counts']): number => requestsOf({ counts });
  for (const { pod, startedAtMs, targets } of reports) {
    const known = seen[pod];
    const isInherited = known === undefined && inherited.includes(pod);
    for (const [target, report] of Object.entries(targets)) {
      const now = requestsOf(report);
      const stored = counted[target]?.[pod] ?? 0;
      const ofInherited = counted[target] === undefined ? 0 : now >= stored ? now - stored : now;
      const grown = isInherited ? ofInherited : grownBy(report, startedAtMs, known?.[target], total);
      increase[target] = (increase[target] ?? 0) + grown;
    }
  }
  return increase;
};

/** @param pods those that exist: what is known of others is dropped */
export const seenWith = (
  seen: Seen,
  reports: readonly OutsideReport[],
  pods: readonly string[],
  nowMs: number,
): Seen => {
  const there = new Set(pods);
  const kept = Object.entries(seen).filter(([pod]) => there.has(pod));
  const reported = reports
    .filter(({ pod }) => there.has(pod))
    .map(({ pod, startedAtMs, targets }) => {
      const of = Object.entries(targets).map(
        ([target, report]) => [target, seenTarget(report, startedAtMs, seen[pod]?.[target], nowMs)] as const,
      );
      return [pod, Object.fromEntries(of)] as const;
    });
  return Object.fromEntries([...kept, ...reported]);
};
