/**
 * The provider of identity checks is down for ten minutes at the peak of a flood: the intake must not notice, and afterwards the backlog
 * drains at the provider's pace, without one wrong rejection. While it drains, a verification pod is stopped for longer than its share
 * lasts. `--minutes N`; `--sabotage error-as-mismatch` and `--sabotage shares-never-expire` must end with exit 1.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { LoadProcess } from '../../local/demo/load-process.ts';
import type { FaultKind } from '../../local/providers/faults.ts';
import { fullSeconds } from '../../local/providers/stalls.ts';
import { eventually } from '../helpers/eventually.ts';
import { type Disturbance, meanRate } from '../helpers/providers/judge.ts';
import {
  PROVIDER_LIMIT,
  sabotageOf,
  type VerifiedStack,
  withVerifiedStack,
} from '../helpers/providers/with-verified-stack.ts';
import type { Scenario, ScenarioContext } from '../helpers/scenario.ts';

const ARRIVALS_PER_SECOND = 60;
const PODS = 2;
/** The first seconds of a flood find cold processes. */
const WARM_UP_MS = 15_000;
const BEFORE_MS = 60_000;
/** Each for a quarter of the time. */
const DOWN_AS: readonly FaultKind[] = ['reset', 'error', 'hang', 'status'];
const STOPPED_AFTER_MS = 20_000;
/** A stopped pod is NotReady after 9 s, and its share is given to the other pod 5 s later. */
const STOPPED_MS = 20_000;
/** Until both pods have their shares again. */
const SETTLED_MS = 15_000;
/** With less than this before it, a provider is not asked at its full pace. */
const FEW = 5 * PROVIDER_LIMIT;
const PROVEN_SECONDS = 10;

const LEAST_OF_LIMIT = 0.9;
/** Arrivals are random: the accepted rate alone varies by some percent from minute to minute. */
const LESS_ACCEPTED = 0.01;
const isUnaffected = (before: Intake, during: Intake): boolean =>
  during.acceptedOfSent >= before.acceptedOfSent - LESS_ACCEPTED &&
  during.p99Ms <= Math.max(2 * before.p99Ms, before.p99Ms + 50);

interface Intake extends Awaited<ReturnType<VerifiedStack['intakeBetween']>> {
  /** Of all requests, repeats and retries included. */
  readonly acceptedOfSent: number;
}

type Line = ReturnType<LoadProcess['latest']>['now'];
const acceptedOfSent = (from: Line, until: Line): number =>
  ((until?.acknowledged ?? 0) - (from?.acknowledged ?? 0)) / ((until?.sent ?? 0) - (from?.sent ?? 0));

const play = async (
  { provider, stack, ...verified }: VerifiedStack,
  minutes: number,
  { signal, progress }: ScenarioContext,
) => {
  const pass = (ms: number) => sleep(ms, undefined, { signal });
  const downMs = minutes * 60_000;
  const load = await verified.flood([(WARM_UP_MS + BEFORE_MS + downMs) / 1_000, ARRIVALS_PER_SECOND]);
  await pass(WARM_UP_MS);
  const beforeMs = Date.now();
  const beforeLine = load.latest().now;
  await pass(BEFORE_MS);
  const downAtMs = Date.now();
  const downLine = load.latest().now;
  for (const kind of DOWN_AS) {
    progress(`down (${kind}); ${verified.unverified()} registrations without a verdict`);
    await provider.setFaults({ kind, share: 1 });
    await pass(downMs / DOWN_AS.length);
  }
  await provider.setFaults();
  const upAtMs = Date.now();
  const upLine = load.latest().now;
  progress(`up again; ${verified.unverified()} registrations without a verdict`);

  const backlog: { readonly atMs: number; readonly unverified: number | undefined }[] = [];
  const stops: Disturbance[] = [];
  const stopOnePod = async (): Promise<void> => {
    await pass(STOPPED_AFTER_MS);
    const [pod] = verified.verificationPods();
    if (pod === undefined) throw new Error('no verification pod');
    const fromMs = Date.now();
    process.kill(Number(pod.id), 'SIGSTOP');
    await pass(STOPPED_MS).finally(() => process.kill(Number(pod.id), 'SIGCONT'));
    stops.push({ what: `SIGSTOP of ${pod.name}`, fromMs, untilMs: Date.now() + SETTLED_MS });
    progress(`a pod was stopped for ${STOPPED_MS / 1_000} s`);
  };
  const stopped = stopOnePod();
  const isDrained = (): boolean => {
    const unverified = verified.unverified();
    backlog.push({ atMs: Date.now(), unverified });
    return unverified === 0;
  };
  // At half the pace and with the longest delay before a question is asked again, it would take this long.
  const timeoutMs = 4 * (downMs + BEFORE_MS) + 120_000;
  const [loadStats] = await Promise.all([
    load.done,
    eventually(isDrained, { timeoutMs, everyMs: 1_000, what: 'every registration to have a verdict', signal }),
    stopped,
  ]);
  const { perSecond, answeredMoreThanOnce, ...counts } = await provider.counts();
  const stalls = await verified.stalls();
  const full = fullSeconds(perSecond, PROVIDER_LIMIT, stalls);
  const paceAt = perSecond.find(
    ({ second, requests }) => second * 1_000 > upAtMs && requests >= LEAST_OF_LIMIT * PROVIDER_LIMIT,
  )?.second;
  const fewAtMs = backlog.find(({ unverified }) => (unverified ?? Number.POSITIVE_INFINITY) <= FEW)?.atMs ?? Date.now();
  const paceAtMs = (paceAt ?? Number.POSITIVE_INFINITY) * 1_000;
  const drain = meanRate(perSecond, paceAtMs, fewAtMs, stops);
  const intake = {
    before: {
      ...(await verified.intakeBetween(beforeMs, downAtMs)),
      acceptedOfSent: acceptedOfSent(beforeLine, downLine),
    },
    during: {
      ...(await verified.intakeBetween(downAtMs, upAtMs)),
      acceptedOfSent: acceptedOfSent(downLine, upLine),
    },
  };
  const verdicts = await verified.verdicts();
  const inTime = (atMs: number | undefined) =>
    atMs === undefined ? undefined : Math.round((atMs - upAtMs) / 100) / 10;
  const unexplained = full.filter((second) => second.stalls.length === 0);
  const claims = {
    intakeUnaffected: isUnaffected(intake.before, intake.during),
    drainsAtLimit: drain.seconds >= PROVEN_SECONDS && drain.perSecond >= LEAST_OF_LIMIT * PROVIDER_LIMIT,
    withinLimit: unexplained.length === 0,
    noneWronglyRejected: verdicts.wronglyRejected === 0,
    allRight: verdicts.wrong === 0 && verdicts.without === 0,
    wasDown: Object.values(counts.faults).reduce((sum, n) => sum + n, 0) > DOWN_AS.length,
  };
  return {
    kind: 'ran' as const,
    holds: Object.values(claims).every(Boolean),
    summary: {
      minutesDown: minutes,
      arrivalsPerSecond: ARRIVALS_PER_SECOND,
      limitPerSecond: PROVIDER_LIMIT,
      claims,
      intake,
      paceAfterSeconds: inTime(paceAt === undefined ? undefined : paceAt * 1_000),
      drain,
      drainWithStop: meanRate(perSecond, paceAtMs, fewAtMs),
      drainedAfterSeconds: inTime(backlog.at(-1)?.atMs),
      fullestSecond: Math.max(...perSecond.map(({ requests }) => requests)),
      secondsAboveLimit: full.map(({ second, requests, stalls: of }) => ({ second, requests, stalls: of.length })),
      secondsAboveLimitWithoutStall: unexplained.length,
      verdicts,
      questionsAnsweredMoreThanOnce: Object.keys(answeredMoreThanOnce).length,
      faults: counts.faults,
    },
    raw: { perSecond, full, stops, backlog, counts, stalls, load: loadStats, conditions: stack.snapshot().conditions },
  };
};

export const scenario: Scenario = {
  issue: '20',
  async run(context) {
    const text = { type: 'string' } as const;
    const { values } = parseArgs({ args: [...context.args], options: { minutes: text, sabotage: text } });
    const sabotage = sabotageOf(values.sabotage);
    const { signal } = context;
    const minutes = Number(values.minutes ?? 10);
    const result = await withVerifiedStack({ pods: PODS, sabotage, signal }, (verified) =>
      play(verified, minutes, context),
    );
    return { ...result, ...(sabotage === undefined ? {} : { twin: sabotage }) };
  },
};
