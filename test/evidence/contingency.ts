/**
 * Contingency levels on the whole product while citizens come: from a command, or from a trigger whose time has passed,
 * until every answer shows it, and back; each effect. "Every answer" is twelve in a row on new connections, so that every
 * pod has given one. `--runs N`.
 */
import { randomUUID } from 'node:crypto';
import { request } from 'undici';
import { z } from 'zod';
import type { Stack } from '../../local/stack.ts';
import type { ContingencyLevel } from '../../operator/api/contingency-types.ts';
import { receiptOf, receiptState, register } from '../helpers/citizen-client.ts';
import { eventually } from '../helpers/eventually.ts';
import type { Scenario } from '../helpers/scenario.ts';
import { startSteadyCrowd } from '../helpers/steady-crowd.ts';
import { type StackCampaign, sayOnStack, withStack } from '../helpers/with-stack.ts';

const RUNS = 4;
const IN_FORCE_WITHIN_MS = 5_000;
const IN_A_ROW = 12;
const CROWD_PER_SECOND = 60;
const GIVE_UP_MS = 40_000;
/** What the levels below say. */
const SHED = { heldMs: 5_000, afterMs: 10_000 };
const WAIT = { atLeastMs: 3_000, heldMs: 2_000, clearMs: 3_000 };

const title = { 'zh-CN': '应急', en: 'Contingency' };
const page = { text: { 'zh-CN': '稍后再来', en: 'Come again later' }, retryAfterSeconds: 5 };
const LEVELS: readonly ContingencyLevel[] = [
  { name: 'narrow-door', title, effect: { admissionPerSecond: 3 } },
  { name: 'closed-door', title, effect: { staticPage: page } },
  ...Array.from({ length: 4 }, (_, index): ContingencyLevel => {
    const hours = index + 1;
    return { name: `more-time-${hours}`, title, effect: { extendClosing: `${hours}h` } };
  }),
  {
    name: 'sent-away',
    title,
    trigger: { signal: 'ShedPercent', atLeast: 60, heldFor: '5s' },
    effect: { staticPage: page },
    back: { when: 'After', after: '10s' },
  },
  {
    name: 'slow-database',
    title,
    trigger: { signal: 'OldestWaitSeconds', atLeast: 3, heldFor: '2s' },
    effect: { admissionPerSecond: 3 },
    back: { when: 'Clear', below: 1, heldFor: '3s' },
  },
];
const CAMPAIGN: StackCampaign = { intake: { min: 3, max: 3, capacityPerReplica: 500 }, levels: LEVELS };
const ON = 'on by owner until stopped: evidence';

const problem = z.object({ code: z.string() });
const campaign = z.object({ window: z.object({ closesAt: z.string() }) });
const waiting = z.object({ waiting: z.object({ atMostSeconds: z.number() }) });

const get = async (stack: Stack, path: string) => {
  const { statusCode, body } = await request(`${stack.url}${path}`, { reset: true });
  return { status: statusCode, text: await body.text() };
};

/** From `sinceMs` to the first of so many answers in a row that all pass. @param sinceMs of performance.now() */
const untilAll = async (
  passes: () => Promise<boolean>,
  what: string,
  sinceMs: number,
  signal: AbortSignal,
): Promise<number> => {
  let changedAt = sinceMs;
  for (let inARow = 0; inARow < IN_A_ROW; ) {
    signal.throwIfAborted();
    inARow = (await passes()) ? inARow + 1 : 0;
    if (inARow === 0) changedAt = performance.now();
    if (changedAt - sinceMs > GIVE_UP_MS) throw new Error(`${what}: not after ${GIVE_UP_MS} ms`);
  }
  return Math.round(changedAt - sinceMs);
};

interface Sample {
  readonly effect: string;
  readonly by: 'command' | 'trigger';
  readonly run: number;
  /** Beyond the time that a trigger, or its way back, states. */
  readonly inForceMs: number;
  readonly backMs: number | undefined;
}

export const scenario: Scenario = {
  issue: '06',
  run: ({ args, signal, progress }) => {
    const stated = Number(args[args.indexOf('--runs') + 1]);
    const runs = args.includes('--runs') && Number.isInteger(stated) ? Math.min(RUNS, stated) : RUNS;
    return withStack(CAMPAIGN, signal, async (stack) => {
      const samples: Sample[] = [];
      const crowd = startSteadyCrowd(stack.url, CROWD_PER_SECOND, { patienceMs: 1 });
      let citizen = 10_000_000;
      const codeOf = async (): Promise<string> => {
        const { status, body } = await register(stack.url, citizen++, randomUUID(), { seed: 9 });
        return status < 300 ? 'let in' : (problem.safeParse(body).data?.code ?? String(status));
      };
      /** The crowd takes what is let in; a probe meets the door as it is. */
      const isNarrow = async (): Promise<boolean> => (await codeOf()) === 'ADMISSION_LIMITED';
      const isOpen = async (): Promise<boolean> => (await codeOf()) === 'let in';
      const isPage = async (): Promise<boolean> =>
        (await get(stack, '/')).status === 503 && (await codeOf()) === 'REGISTRATION_PAUSED';
      const closesAt = async (): Promise<number> =>
        Date.parse(
          campaign.parse(JSON.parse((await get(stack, `/api/v1/campaigns/${stack.campaignId}`)).text)).window.closesAt,
        );
      const say = async (said: Readonly<Record<string, string>>): Promise<number> => {
        const saidAt = performance.now();
        await sayOnStack(stack, CAMPAIGN, said);
        return saidAt;
      };
      const calm = (): Promise<unknown> =>
        eventually(() => stack.snapshot().contingency.length === 0 && (stack.snapshot().oldestSeconds ?? 0) < 1, {
          timeoutMs: 60_000,
          what: 'no level to be in force',
        });
      const keep = (sample: Sample): void => {
        samples.push(sample);
        progress(JSON.stringify(sample));
      };

      const command = async (
        run: number,
        effect: string,
        level: string,
        isThere: () => Promise<boolean>,
      ): Promise<void> => {
        const inForceMs = await untilAll(isThere, level, await say({ [level]: ON }), signal);
        const backMs = await untilAll(isOpen, `${level} back`, await say({}), signal);
        keep({ effect, by: 'command', run, inForceMs, backMs });
      };

      const extension = async (run: number): Promise<void> => {
        const level = `more-time-${run}`;
        const before = stack.snapshot().closesAtMs;
        const later = Date.parse(new Date(before).toISOString()) + 3_600_000;
        const isLater = async (): Promise<boolean> => (await closesAt()) >= later;
        const inForceMs = await untilAll(isLater, level, await say({ [level]: ON }), signal);
        await say({});
        await calm();
        await untilAll(isLater, `${level} stays`, performance.now(), signal);
        keep({
          effect: 'closing extended, and kept when the level ended',
          by: 'command',
          run,
          inForceMs,
          backMs: undefined,
        });
      };

      /** A narrow door sends most of the crowd away; the page comes when that has lasted, and goes after its time. */
      const sentAway = async (run: number): Promise<void> => {
        const narrowAt = await say({ 'narrow-door': ON });
        const narrowMs = await untilAll(isNarrow, 'narrow-door', narrowAt, signal);
        const shedAt = narrowAt + narrowMs;
        const inForceMs = (await untilAll(isPage, 'sent-away', shedAt, signal)) - SHED.heldMs;
        await say({});
        const since = performance.now();
        const isOver = await untilAll(isOpen, 'sent-away back', since, signal);
        const inForceAt = shedAt + SHED.heldMs + inForceMs;
        keep({
          effect: 'static page',
          by: 'trigger',
          run,
          inForceMs: Math.max(0, inForceMs),
          backMs: Math.max(0, Math.round(since + isOver - inForceAt - SHED.afterMs)),
        });
      };

      /** Records that are stopped in their tracks write no row: the oldest registration waits, and so does its receipt. */
      const slowDatabase = async (run: number): Promise<{ readonly atMostSeconds: number | undefined }> => {
        const records = stack.processes().filter(({ role }) => role === 'records');
        for (const { id } of records) process.kill(Number(id), 'SIGSTOP');
        const stoppedAt = performance.now();
        const receipt = receiptOf(await register(stack.url, citizen++, randomUUID(), { seed: 9 }));
        const counted = WAIT.atLeastMs + WAIT.heldMs;
        let inForceMs = 0;
        let told: number | undefined;
        try {
          inForceMs = (await untilAll(isNarrow, 'slow-database', stoppedAt, signal)) - counted;
          const tells = async (): Promise<boolean> => {
            if (receipt === undefined) return true;
            const { body } = await receiptState(stack.url, receipt);
            told = waiting.safeParse(body).data?.waiting.atMostSeconds;
            return told !== undefined;
          };
          await eventually(tells, { timeoutMs: 15_000, what: 'the receipt to say how long the oldest has waited' });
        } finally {
          for (const { id } of records) process.kill(Number(id), 'SIGCONT');
        }
        const goneOn = performance.now();
        await eventually(() => (stack.snapshot().oldestSeconds ?? 0) < 1, {
          timeoutMs: 60_000,
          what: 'the database to catch up',
        });
        const caughtUpMs = performance.now() - goneOn;
        const backMs = (await untilAll(isOpen, 'slow-database back', goneOn, signal)) - caughtUpMs - WAIT.clearMs;
        keep({
          effect: 'less admission',
          by: 'trigger',
          run,
          inForceMs: Math.max(0, inForceMs),
          backMs: Math.max(0, Math.round(backMs)),
        });
        return { atMostSeconds: told };
      };

      const toldSeconds: (number | undefined)[] = [];
      try {
        for (let run = 1; run <= runs; run += 1) {
          await command(run, 'less admission', 'narrow-door', isNarrow);
          await calm();
          await command(run, 'static page', 'closed-door', isPage);
          await calm();
          await extension(run);
          await sentAway(run);
          await calm();
          toldSeconds.push((await slowDatabase(run)).atMostSeconds);
          await calm();
        }
      } finally {
        await crowd.stop();
      }
      const worst = (by: Sample['by'], of: 'inForceMs' | 'backMs'): number =>
        Math.max(...samples.filter((sample) => sample.by === by).map((sample) => sample[of] ?? 0));
      const summary = {
        runs,
        byCommand: { inForceMs: worst('command', 'inForceMs'), backMs: worst('command', 'backMs') },
        byTrigger: { inForceMs: worst('trigger', 'inForceMs'), backMs: worst('trigger', 'backMs') },
        toldSeconds,
        acceptedMeanwhile: crowd.counts.accepted,
      };
      const longest = Math.max(summary.byCommand.inForceMs, summary.byTrigger.inForceMs);
      const events = stack
        .events()
        .filter(({ reason }) => reason.startsWith('Contingency') || reason === 'ClosingExtended');
      return {
        kind: 'ran',
        holds: longest <= IN_FORCE_WITHIN_MS && toldSeconds.every((seconds) => seconds !== undefined),
        summary,
        raw: { samples, events },
      };
    });
  },
};
