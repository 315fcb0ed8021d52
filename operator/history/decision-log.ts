/**
 * The decisions of a tier, oldest first, bounded, and each told once. Pure.
 *
 * | this tick, beside the last record                             | then                                                |
 * |---------------------------------------------------------------|-----------------------------------------------------|
 * | there is none                                                 | a new record                                        |
 * | equal in number, reason and circumstances                     | nothing: what merely still is, is no news           |
 * | another number, same direction and reason, begun < 60 s ago   | the last record goes on: its number, numbers behind |
 * | another number or other circumstances                         | a new record                                        |
 * | another reason alone, for less than 15 s                      | it is remembered: reasons flicker in a flood        |
 * | another reason alone, for 15 s                                | a new record, since the reason began                |
 *
 * Circumstances: mode, ceiling, minimum, maximum, overrides, other autoscalers, the plan that waits, a full downstream,
 * how pre-warming stands.
 */
import { instantMs } from '../../contract/instant.ts';
import { type DecisionRecord, decisionRecord } from './decision-record.ts';

/** Hours of an ordinary campaign; more than half an hour of one that changes its mind without end. About 60 KiB. */
const MAX_RECORDS = 120;
const STEPS_JOIN_MS = 60_000;
const REASON_SETTLES_MS = 15_000;

export interface TierDecisions {
  readonly records: readonly DecisionRecord[];
  /** The same number for another reason, which may not last. */
  readonly candidate?: DecisionRecord;
}

export const NO_DECISIONS: TierDecisions = { records: [] };

const circumstances = (record: DecisionRecord): string =>
  JSON.stringify([
    record.mode,
    record.min,
    record.max,
    record.ceiling,
    record.overrides,
    record.otherAutoscalers,
    record.plan,
    record.admissionPerSecond !== undefined,
    record.preWarm,
  ]);

const direction = ({ from, desired }: DecisionRecord): number => (from === undefined ? 0 : Math.sign(desired - from));

const isStepOf = (last: DecisionRecord, next: DecisionRecord): boolean =>
  last.limitedBy === next.limitedBy &&
  direction(last) !== 0 &&
  direction(last) === Math.sign(next.desired - last.desired) &&
  instantMs(next.at) - instantMs(last.at) < STEPS_JOIN_MS;

export interface Noted {
  readonly decisions: TierDecisions;
  /** What became of the last record: for the log. Undefined: nothing is new. */
  readonly news: DecisionRecord | undefined;
}

const append = (records: readonly DecisionRecord[], record: DecisionRecord): Noted => ({
  decisions: { records: [...records, record].slice(-MAX_RECORDS) },
  news: record,
});

/** @param next what a tick decided, not older than the last record */
export const noteDecision = ({ records, candidate }: TierDecisions, next: DecisionRecord): Noted => {
  const last = records.at(-1);
  if (last === undefined) return append(records, next);
  const { from: _from, ...unrelated } = next;
  const following: DecisionRecord = { ...unrelated, from: last.desired };
  if (circumstances(last) !== circumstances(next)) return append(records, following);
  if (last.desired !== next.desired) {
    if (!isStepOf(last, next)) return append(records, following);
    const joined = {
      ...following,
      at: last.at,
      until: next.at,
      ...(last.from === undefined ? {} : { from: last.from }),
    };
    return append(records.slice(0, -1), joined);
  }
  if (last.limitedBy === next.limitedBy) return { decisions: { records }, news: undefined };
  if (candidate?.limitedBy !== next.limitedBy) return { decisions: { records, candidate: following }, news: undefined };
  if (instantMs(next.at) - instantMs(candidate.at) < REASON_SETTLES_MS)
    return { decisions: { records, candidate }, news: undefined };
  return append(records, candidate);
};

/** What was kept before, and after it what was noted since: as if it had been there all along. */
export const joinDecisions = (kept: readonly DecisionRecord[], since: TierDecisions): TierDecisions => {
  const joined = since.records.reduce((decisions, record) => noteDecision(decisions, record).decisions, {
    records: kept,
  } as TierDecisions);
  return since.candidate === undefined ? joined : noteDecision(joined, since.candidate).decisions;
};

/** One JSON object a line, oldest first: `jq` reads it. */
export const serializeDecisions = (records: readonly DecisionRecord[]): string =>
  records.map((record) => `${JSON.stringify(record)}\n`).join('');

const parseLine = (line: string): readonly DecisionRecord[] => {
  try {
    const parsed = decisionRecord.safeParse(JSON.parse(line));
    return parsed.success ? [parsed.data] : [];
  } catch {
    return [];
  }
};

/** Lines that can't be read are left out: a log must not stop whoever writes it. */
export const parseDecisions = (text: string | undefined): readonly DecisionRecord[] =>
  (text ?? '')
    .split('\n')
    .filter((line) => line !== '')
    .slice(-MAX_RECORDS)
    .flatMap(parseLine);

/** The decision in force at an instant; undefined when the log begins later. */
export const decisionAt = (records: readonly DecisionRecord[], atMs: number): DecisionRecord | undefined =>
  records.findLast(({ at }) => instantMs(at) <= atMs);
