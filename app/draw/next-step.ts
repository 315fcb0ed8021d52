/**
 * The next step of the draw's Job. Pure and level-based: what is in the chain decides, so a Job goes on where another one ended.
 *
 * | chain           | time                 | else                            | step     |
 * |-----------------|----------------------|---------------------------------|----------|
 * | any             |                      | the Job has no order            | end      |
 * | nothing         |                      | authorised                      | commit   |
 * | committed       | before notBefore     |                                 | end, or wait |
 * | committed       | before postponeAt    | public values are missing       | end, or wait |
 * | committed       | postponeAt or later  | public values are missing       | postpone |
 * | committed       | notBefore or later   | every public value was entered  | source   |
 * | sourced         |                      |                                 | draw     |
 * | drawn           |                      |                                 | draw: the same result, for its facts |
 * | announced       |                      | owners' commands have no answer, or facts of promotions are missing | promote |
 * | announced       |                      | otherwise                       | end      |
 *
 * The Job without an order makes the list only. It may still run, or again, when another one has committed; it knows neither the relays nor
 * the folder of the bundle, so a result that it announced would have no files.
 *
 * `wait`: for less than two minutes. The operator's clock may be ahead of this one, and a Job that has ended is not created again for ten
 * minutes.
 *
 * `source` asks drand until postponeAt. A source that answers after that still counts: otherwise a person who stops the Job could choose
 * between two results.
 */
import type { Committed, Drawn, Sourced } from '../../contract/decisions/draw.ts';
import { type ChainState, isAnswered, missingValues } from '../../contract/decisions/draw-chain.ts';
import type { DrawOrder } from '../../contract/decisions/draw-order.ts';

export type NextStep =
  | { readonly kind: 'end'; readonly why: string }
  | { readonly kind: 'wait'; readonly untilMs: number }
  | { readonly kind: 'commit' }
  | { readonly kind: 'postpone' | 'source'; readonly committed: Committed }
  | {
      readonly kind: 'draw';
      readonly committed: Committed;
      readonly sourced: Sourced;
      readonly drawn: Drawn | undefined;
    }
  | { readonly kind: 'promote'; readonly committed: Committed; readonly sourced: Sourced; readonly drawn: Drawn };

const WAITS_MS = 120_000;

const waitOrEnd = (untilMs: number, nowMs: number, why: string): NextStep =>
  untilMs - nowMs < WAITS_MS ? { kind: 'wait', untilMs } : { kind: 'end', why };

/** Whether commands have no answer, or the facts of those who moved up are missing. */
const isPromoting = (state: ChainState, { promotions = [] }: Pick<DrawOrder, 'promotions'>): boolean =>
  state.recorded < state.promoted.length || promotions.some(({ command }) => !isAnswered(state, command));

export const nextStep = (
  state: ChainState,
  order: Pick<DrawOrder, 'promotions'> | undefined,
  nowMs: number,
): NextStep => {
  const { committed, sourced, drawn, announced } = state;
  if (committed !== undefined && sourced !== undefined && drawn !== undefined && announced !== undefined) {
    return order !== undefined && isPromoting(state, order)
      ? { kind: 'promote', committed, sourced, drawn }
      : { kind: 'end', why: 'the result is announced, and no command to promote is left' };
  }
  if (order === undefined) return { kind: 'end', why: 'this Job makes the list only' };
  if (committed === undefined) return { kind: 'commit' };
  if (sourced !== undefined) return { kind: 'draw', committed, sourced, drawn };
  const { notBefore, postponeAt } = committed.commitment;
  const [fromMs, untilMs] = [Date.parse(notBefore), Date.parse(postponeAt)];
  if (nowMs < fromMs) return waitOrEnd(fromMs, nowMs, `no source has its value before ${notBefore}`);
  const missing = missingValues(state);
  if (missing.length === 0) return { kind: 'source', committed };
  return nowMs < untilMs
    ? waitOrEnd(untilMs, nowMs, `two people have not entered the value of ${missing.join(', ')} yet`)
    : { kind: 'postpone', committed };
};
