/**
 * Verification pods 1 → 8 → 3 against a local provider, with kills, and with pods that are stopped for longer than their share lasts: no
 * second of the provider's own count has more than it permits, and while no pod is disturbed its rate is used. `--minutes N` of the
 * pods, default 5; `--sabotage shares-never-expire` must end with exit 1.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
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

/** Pods, and their part of the time. */
const PHASES = [
  [1, 0.2],
  [8, 0.5],
  [3, 0.3],
] as const;
const ARRIVALS_PER_SECOND = 200;
/** Registrations, as a multiple of what the provider permits in the stated time: phases also wait for pods. */
const MORE = 1.5;
const BETWEEN_MS = 15_000;
/** Past the 5 s of a share: without and with the time in which its pod becomes NotReady and its share is given away. */
const STOPS_MS = [8_000, 20_000] as const;
/** From the end of a disturbance until the shares are as before. */
const SETTLED_MS = 15_000;
const FEW = 5 * PROVIDER_LIMIT;
const PROVEN_SECONDS = 10;
const LEAST_OF_LIMIT = 0.9;

const play = async (verified: VerifiedStack, minutes: number, { signal, progress }: ScenarioContext) => {
  const { provider } = verified;
  const pass = (ms: number) => sleep(ms, undefined, { signal });
  const totalMs = minutes * 60_000;
  const arrivals = MORE * (totalMs / 1_000) * PROVIDER_LIMIT;
  const load = await verified.flood([Math.ceil(arrivals / ARRIVALS_PER_SECOND), ARRIVALS_PER_SECOND]);
  const disturbances: Disturbance[] = [];
  const during = async (what: string, settledMs: number, disturb: () => Promise<void>): Promise<void> => {
    progress(`${what}; ${verified.unverified()} registrations without a verdict`);
    const fromMs = Date.now();
    await disturb();
    disturbances.push({ what, fromMs, untilMs: Date.now() + settledMs });
  };
  let turn = 0;
  /** Of one pod after the other: killed, stopped for a short time, killed, stopped for a long time. */
  const disturbOne = async (): Promise<void> => {
    turn += 1;
    const pods = verified.verificationPods();
    const pod = pods[turn % pods.length];
    if (pod === undefined) return;
    const pid = Number(pod.id);
    if (turn % 2 === 1)
      return during(`kill -9 of ${pod.name}`, SETTLED_MS, async () => {
        verified.stack.kill(pod);
      });
    const ms = STOPS_MS[(turn / 2) % 2 === 1 ? 0 : 1];
    await during(`SIGSTOP of ${pod.name} for ${ms / 1_000} s`, SETTLED_MS, async () => {
      process.kill(pid, 'SIGSTOP');
      await pass(ms).finally(() => process.kill(pid, 'SIGCONT'));
    });
  };

  const startedAtMs = Date.now();
  for (const [pods, part] of PHASES) {
    const endMs = Date.now() + part * totalMs;
    if (pods !== PHASES[0][0]) await during(`${pods} pods`, SETTLED_MS, () => verified.scale(pods));
    if (pods === PHASES[0][0]) await pass(part * totalMs);
    while (Date.now() < endMs) {
      await pass(SETTLED_MS + BETWEEN_MS);
      await disturbOne();
    }
  }
  let fewAtMs: number | undefined;
  const isDrained = (): boolean => {
    const unverified = verified.unverified() ?? Number.POSITIVE_INFINITY;
    if (unverified <= FEW) fewAtMs ??= Date.now();
    return unverified === 0;
  };
  const timeoutMs = 3 * totalMs + 120_000;
  const loadStats = await load.done;
  await eventually(isDrained, { timeoutMs, everyMs: 1_000, what: 'every registration to have a verdict', signal });

  const { perSecond, answeredMoreThanOnce, ...counts } = await provider.counts();
  const stalls = await verified.stalls();
  const full = fullSeconds(perSecond, PROVIDER_LIMIT, stalls);
  const unexplained = full.filter((second) => second.stalls.length === 0);
  const endMs = fewAtMs ?? Date.now();
  // The backlog must be there before the pace is judged.
  const start: Disturbance = { what: 'start', fromMs: startedAtMs, untilMs: startedAtMs + SETTLED_MS };
  const undisturbed = meanRate(perSecond, startedAtMs, endMs, [start, ...disturbances]);
  const verdicts = await verified.verdicts();
  const claims = {
    ratesUsed: undisturbed.seconds >= PROVEN_SECONDS && undisturbed.perSecond >= LEAST_OF_LIMIT * PROVIDER_LIMIT,
    withinLimit: unexplained.length === 0,
    allRight: verdicts.wrong === 0 && verdicts.without === 0,
    wasDisturbed:
      disturbances.some(({ what }) => what.startsWith('kill')) &&
      disturbances.some(({ what }) => what.startsWith('SIGSTOP')),
  };
  return {
    kind: 'ran' as const,
    holds: Object.values(claims).every(Boolean),
    summary: {
      minutes,
      limitPerSecond: PROVIDER_LIMIT,
      claims,
      undisturbed,
      overall: meanRate(perSecond, startedAtMs, endMs),
      disturbances: disturbances.map(({ what }) => what),
      fullestSecond: Math.max(...perSecond.map(({ requests }) => requests)),
      secondsAboveLimit: full.map(({ second, requests, stalls: of }) => ({ second, requests, stalls: of.length })),
      secondsAboveLimitWithoutStall: unexplained.length,
      verdicts,
      questionsAnsweredMoreThanOnce: Object.keys(answeredMoreThanOnce).length,
    },
    raw: { perSecond, full, disturbances, counts, stalls, load: loadStats },
  };
};

export const scenario: Scenario = {
  issue: '20',
  async run(context) {
    const text = { type: 'string' } as const;
    const { values } = parseArgs({ args: [...context.args], options: { minutes: text, sabotage: text } });
    const sabotage = sabotageOf(values.sabotage);
    const minutes = Number(values.minutes ?? 5);
    const options = { pods: PHASES[0][0], sabotage, signal: context.signal };
    const result = await withVerifiedStack(options, (verified) => play(verified, minutes, context));
    return { ...result, ...(sabotage === undefined ? {} : { twin: sabotage }) };
  },
};
