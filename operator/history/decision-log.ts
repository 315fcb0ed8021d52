/**
 * The decisions on a tier, oldest first, bounded, each noted once. Pure.
 *
 * | this tick, compared with the last record                      | then                                                |
 * |---------------------------------------------------------------|-----------------------------------------------------|
 * | there is none                                                 | a new record                                        |
 * | equal in number, reason and circumstances                     | nothing                                             |
 * | another number, same direction and reason, begun < 60 s ago   | the last record is extended with the new numbers    |
 * | another number or other circumstances                         | a new record                                        |
 * | another reason alone, for less than 15 s                      | it is remembered: reasons flicker under load        |
 * | another reason alone, for 15 s                                | a new record, since the reason began                |
 *
 * Circumstances: mode, ceiling, minimum, maximum, overrides, other autoscalers, the plan that waits, a downstream
 * bottleneck, the state of pre-warming.
 */
import { defined } from '../../contract/defined.ts';
import { instantMs } from '../../contract/instant.ts';
import { parseLines } from '../../contract/untrusted.ts';
import { type DecisionRecord, decisionRecord } from './decision-record.ts';

/** Hours of an ordinary campaign; more than half an hour of one whose decisions change all the time. About 60 KiB. */
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

interface Noted {
  readonly decisions: TierDecisions;
  /** The new or extended record, for the operator's log. Undefined: nothing is new. */
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
    const joined = { ...following, at: last.at, until: next.at, ...defined({ from: last.from }) };
    return append(records.slice(0, -1), joined);
  }
  if (last.limitedBy === next.limitedBy) return { decisions: { records }, news: undefined };
  if (candidate?.limitedBy !== next.limitedBy) return { decisions: { records, candidate: following }, news: undefined };
  if (instantMs(next.at) - instantMs(candidate.at) < REASON_SETTLES_MS)
    return { decisions: { records, candidate }, news: undefined };
  return append(records, candidate);
};

/** What was kept before, and then what was noted since, as if by one process. */
export const joinDecisions = (kept: readonly DecisionRecord[], since: TierDecisions): TierDecisions => {
  const joined = since.records.reduce((decisions, record) => noteDecision(decisions, record).decisions, {
    records: kept,
  } as TierDecisions);
  return since.candidate === undefined ? joined : noteDecision(joined, since.candidate).decisions;
};

/** Lines that can't be read are left out. */
export const parseDecisions = (text: string | undefined): readonly DecisionRecord[] =>
  parseLines(decisionRecord, text, MAX_RECORDS);

/** The decision in force at an instant; undefined when the log begins later. */
export const decisionAt = (records: readonly DecisionRecord[], atMs: number): DecisionRecord | undefined =>
  records.findLast(({ at }) => instantMs(at) <= atMs);
