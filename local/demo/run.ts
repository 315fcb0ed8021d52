/** Watches a run: the opening, the flood, the drain, and the scale-down to the minimum. */
import { setTimeout as sleep } from 'node:timers/promises';
import { channelStopAnnotation, ISSUE_START } from '../../contract/names.ts';
import type { Condition } from '../../contract/types/common.ts';
import { issueStartText } from '../../operator/issuance/commands.ts';
import type { TraceStep } from '../../simulation/trace.ts';
import type { LedgerCheckResult } from '../ledger-check/compare.ts';
import type { Stack, StackProcess, StackSnapshot } from '../stack.ts';
import { type Killed, strike, strikesFor } from './chaos.ts';
import { type Command, commitFor, OWNER, PUBLIC_VALUE, valuesFor } from './draw.ts';
import type { LoadProcess } from './load-process.ts';
import type { Recorder } from './recorder.ts';
import type { KilledAndBack } from './report.ts';
import { type Sample, sampleOf } from './sample.ts';
import type { View } from './view.ts';

interface Watching {
  readonly title: string;
  readonly opensAtMs: number;
  readonly trace: readonly TraceStep[];
  readonly chaos: boolean;
  /** Wait until intake has this many replicas again; undefined: don't wait. */
  readonly intakeFloor: number | undefined;
  /** Wait until every registration has a verdict. */
  readonly verifies: boolean;
  /** Wait until registration has closed and the list of the draw is made. */
  readonly waitsForList: boolean;
  /** Carries out commands of people; undefined: nothing is drawn. */
  readonly draw: ((commands: readonly Command[]) => Promise<void>) | undefined;
  /** Starts issuance, and binds the winners' accounts; undefined: nothing is issued. */
  readonly issue:
    | { readonly command: (commands: readonly Command[]) => Promise<void>; readonly bind: () => Promise<number> }
    | undefined;
  readonly stack: Stack;
  readonly load: LoadProcess;
  readonly view: View;
  readonly record: Recorder;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

interface Watched {
  readonly samples: readonly Sample[];
  readonly killed: readonly KilledAndBack[];
  readonly loadEndedAtMs: number;
  /** undefined: not within the time limit. */
  readonly drainedAtMs: number | undefined;
  readonly backAtFloorAtMs: number | undefined;
  readonly listedAtMs: number | undefined;
  readonly drawnAtMs: number | undefined;
  readonly issuedAtMs: number | undefined;
  readonly boundWinners: number | undefined;
  readonly draw: StackSnapshot['draw'];
  /** Whether journal and database agreed, as the campaign says at the end. */
  readonly consistency: Condition | undefined;
  readonly books: Condition | undefined;
}

const TICK_MS = 1000;
const DRAIN_LIMIT_MS = 90_000;
const FLOOR_LIMIT_MS = 240_000;
/** After closing: the margin of the freeze, and time for the Job. */
const LIST_LIMIT_MS = 120_000;
/** Of each step of the draw: the lead time, and time for a Job. */
const DRAW_LIMIT_MS = 120_000;
/** Winners bind their accounts, and the books are compared each minute. */
const ISSUE_LIMIT_MS = 240_000;
const STOPPED_MS = 10_000;
/** One empty sample can be chance. */
const EMPTY_SAMPLES = 2;

interface Loss {
  readonly killed: Killed;
  readonly idsBefore: ReadonlySet<string>;
  backAfterMs: number | undefined;
}

const ofRole = (processes: readonly StackProcess[], role: string): readonly StackProcess[] =>
  processes.filter((process) => process.role === role);

/** Rejects only when the signal aborts or the load can't be run. */
export const watchRun = async (options: Watching): Promise<Watched> => {
  const {
    title,
    opensAtMs,
    trace,
    chaos,
    intakeFloor,
    verifies,
    waitsForList,
    stack,
    load,
    view,
    record,
    now,
    signal,
  } = options;
  const samples: Sample[] = [];
  const losses: Loss[] = [];
  const announcements: string[] = [];
  let strikes = chaos ? strikesFor(trace, stack.mode) : [];
  let receiptSeen = false;

  const announce = (text: string): void => {
    announcements.push(text);
    view.say(`* ${text}`);
  };

  const strikeDue = (seconds: number): void => {
    const due = strikes.filter(({ atSeconds }) => atSeconds <= seconds);
    strikes = strikes.filter(({ atSeconds }) => atSeconds > seconds);
    for (const next of due) {
      const processes = stack.processes();
      const killed = strike(next, processes, (victim) => stack.kill(victim), now(), opensAtMs);
      if (killed === undefined) {
        announce(`chaos: no ${next.role} process to kill`);
        continue;
      }
      const idsBefore = new Set(ofRole(processes, next.role).map(({ id }) => id));
      losses.push({ killed, idsBefore, backAfterMs: undefined });
      announce(`chaos: kill -9 of ${killed.name} (${killed.role}, id ${killed.id})`);
    }
  };

  const noteReplacements = (): void => {
    for (const loss of losses.filter(({ backAfterMs }) => backAfterMs === undefined)) {
      const alike = ofRole(stack.processes(), loss.killed.role);
      const isReplaced = alike.length >= loss.idsBefore.size && alike.some(({ id }) => !loss.idsBefore.has(id));
      if (isReplaced) loss.backAfterMs = now() - loss.killed.atMs;
    }
  };

  const tick = (phase: string): Sample => {
    const { before, now: latest } = load.latest();
    const snapshot = stack.snapshot();
    const sample = sampleOf(snapshot, opensAtMs, before, latest);
    samples.push(sample);
    record(snapshot, sample.p99Ms);
    const totals = { acknowledged: latest?.acknowledged ?? 0, gaveUp: latest?.gaveUp ?? 0 };
    if (!receiptSeen && totals.acknowledged > 0) {
      receiptSeen = true;
      announce('the first registrations are acknowledged');
    }
    strikeDue(sample.seconds);
    noteReplacements();
    view.draw({ title, phase, samples, totals, events: stack.events(), announcements }, now());
    return sample;
  };

  /** Samples every second until `done` or the limit. Returns the time of the last sample, or undefined at the limit. */
  const until = async (
    phase: string,
    done: (sample: Sample) => boolean,
    limitMs: number,
  ): Promise<number | undefined> => {
    const endAtMs = now() + limitMs;
    while (now() < endAtMs) {
      const sample = tick(phase);
      if (done(sample)) return sample.atMs;
      await sleep(TICK_MS, undefined, { signal });
    }
    return undefined;
  };

  /** As an owner and two other people would do it with kubectl voucher draw. */
  const drawWith = async (command: NonNullable<Watching['draw']>): Promise<number | undefined> => {
    const is = (done: (draw: NonNullable<StackSnapshot['draw']>) => boolean) => (): boolean => {
      const { draw } = stack.snapshot();
      return draw !== undefined && done(draw);
    };
    await command(commitFor(stack.snapshot().draw?.lists ?? []));
    announce('the owner authorises the commitment of the draw');
    const isCommitted = is(({ commitment }) => commitment !== undefined);
    if ((await until('committing to the draw', isCommitted, DRAW_LIMIT_MS)) === undefined) return undefined;
    const { commitment = '', notBefore = '' } = stack.snapshot().draw ?? {};
    announce(`the commitment ${commitment} is published; no source has its value before ${notBefore}`);
    await until('waiting for the time of the draw', () => now() >= Date.parse(notBefore), DRAW_LIMIT_MS);
    await command(valuesFor(commitment));
    announce(`two people enter the public value ${PUBLIC_VALUE}`);
    return until(
      'drawing',
      is(({ announced }) => announced === true),
      DRAW_LIMIT_MS,
    );
  };

  const isTrue = (type: string): boolean =>
    stack.snapshot().conditions.some((one) => one.type === type && one.status === 'True');

  const strikeIssuance = async (command: (commands: readonly Command[]) => Promise<void>): Promise<void> => {
    const stop = (text: string | undefined): Command => ({
      user: OWNER,
      annotation: channelStopAnnotation('wechat'),
      text,
    });
    await command([stop(`by ${OWNER}: chaos`)]);
    announce('chaos: the owner stops WeChat');
    strikes = [{ atSeconds: 0, role: 'issuance' }];
    const endAtMs = now() + STOPPED_MS;
    await until('issuing without WeChat', () => now() >= endAtMs, ISSUE_LIMIT_MS);
    await command([stop(undefined)]);
    announce('WeChat goes on');
  };

  let boundWinners: number | undefined;
  /** As an owner and the winners would do it. */
  const issueWith = async ({ command, bind }: NonNullable<Watching['issue']>): Promise<number | undefined> => {
    const text = issueStartText(OWNER, stack.snapshot().draw?.result ?? '');
    await command([{ user: OWNER, annotation: ISSUE_START, text }]);
    announce('the owner starts issuance; winners bind their accounts');
    let failure: unknown;
    const binding = bind().then(
      (count) => {
        boundWinners = count;
        announce(`${count} winners have bound their accounts`);
      },
      (error: unknown) => {
        failure = error;
      },
    );
    if (chaos) await strikeIssuance(command);
    const isBound = (): boolean => boundWinners !== undefined || failure !== undefined;
    await until('winners bind their accounts', isBound, ISSUE_LIMIT_MS);
    await binding;
    if (failure !== undefined) throw failure;
    return until('issuing', () => isTrue('Issued') && isTrue('BooksBalanced'), ISSUE_LIMIT_MS);
  };

  let ended = false;
  const loadDone = load.done.finally(() => {
    ended = true;
  });
  // Awaited below; until then a rejection must not count as unhandled.
  loadDone.catch(() => {});
  await until('crowd arriving', () => ended, Number.POSITIVE_INFINITY);
  await loadDone;
  const loadEndedAtMs = now();
  let empty = 0;
  const isDrained = ({ backlog, unverified }: Sample): boolean => {
    empty = backlog === 0 && (!verifies || unverified === 0) ? empty + 1 : 0;
    return empty >= EMPTY_SAMPLES;
  };
  const drainedAtMs = await until('draining the backlog', isDrained, DRAIN_LIMIT_MS);
  const isAtFloor = ({ intake }: Sample): boolean => intake?.desired === intakeFloor && intake?.ready === intakeFloor;
  const backAtFloorAtMs =
    intakeFloor === undefined ? undefined : await until('scaling down to the minimum', isAtFloor, FLOOR_LIMIT_MS);
  const { closesAtMs } = stack.snapshot();
  const isListed = (): boolean => stack.snapshot().draw?.lists !== undefined;
  const listedAtMs = waitsForList
    ? await until('waiting for closing and the list of the draw', isListed, closesAtMs - now() + LIST_LIMIT_MS)
    : undefined;
  const drawnAtMs = listedAtMs === undefined || options.draw === undefined ? undefined : await drawWith(options.draw);
  const issuedAtMs =
    drawnAtMs === undefined || options.issue === undefined ? undefined : await issueWith(options.issue);
  const { draw, conditions } = stack.snapshot();
  const [consistency, books] = ['RecordsConsistent', 'BooksBalanced'].map((type) =>
    conditions.find((one) => one.type === type),
  );
  const killed = losses.map((loss) => ({ ...loss.killed, backAfterMs: loss.backAfterMs }));
  return {
    samples,
    killed,
    loadEndedAtMs,
    drainedAtMs,
    backAtFloorAtMs,
    listedAtMs,
    drawnAtMs,
    issuedAtMs,
    boundWinners,
    draw,
    consistency,
    books,
  };
};

export const exitCodeOf = (ledgerCheck: LedgerCheckResult, problems: readonly string[]): 0 | 1 =>
  ledgerCheck.verdict === 'complete' && problems.length === 0 ? 0 : 1;
