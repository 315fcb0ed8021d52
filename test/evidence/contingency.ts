/**
 * Contingency levels on the whole product while citizens come: from a command, or from the tick in which a trigger's time is
 * over, until every answer shows it, and back; each effect. "Every answer" is twelve in a row on new connections, so that every
 * pod has given one. `--runs N`.
 */
import { randomUUID } from 'node:crypto';
import { request } from 'undici';
import { z } from 'zod';
import type { ContingencyLevel } from '../../contract/types/contingency.ts';
import type { Stack } from '../../local/stack.ts';
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
/** Longer than shares are measured over. */
const QUIET_SECONDS = 4;
/** What the levels below say. */
const SHED = { heldMs: 5_000 };
const WAIT = { atLeastMs: 3_000, heldMs: 2_000 };

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
const CAMPAIGN: StackCampaign = {
  intake: { min: 3, max: 3, capacityPerReplica: 500 },
  records: { min: 1, max: 1, capacityPerReplica: 2_000 },
  // Its crowd gives up at once: the places would stay unused.
  waitingRoom: { enabled: false },
  levels: LEVELS,
};
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
  /** From the command, or from the tick in which the trigger's time was over, until every answer shows it. */
  readonly inForceMs: number;
  /** The same for the way back; undefined where nothing goes back. */
  readonly backMs: number | undefined;
  /** Of a trigger: from its cause in the world, less the time that it states. What the signal is measured over is in it. */
  readonly sinceCauseMs?: number;
}

const wallMs = (atMs: number): number => performance.timeOrigin + atMs;

const signalAll = (ids: readonly string[], name: 'SIGSTOP' | 'SIGCONT'): void => {
  for (const id of ids) {
    try {
      process.kill(Number(id), name);
    } catch {
      // Its probes have replaced it meanwhile.
    }
  }
};

export const scenario: Scenario = {
  issue: '06',
  run: ({ args, signal, progress }) => {
    const stated = Number(args[args.indexOf('--runs') + 1]);
    const runs = args.includes('--runs') && Number.isInteger(stated) ? Math.min(RUNS, stated) : RUNS;
    return withStack(CAMPAIGN, signal, async (stack) => {
      const samples: Sample[] = [];
      const crowd = startSteadyCrowd(stack.url, CROWD_PER_SECOND, { patienceMs: 1 });
      let citizen = 10_000_000;
      let levels = LEVELS;
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
        await sayOnStack(stack, { ...CAMPAIGN, levels }, said);
        return saidAt;
      };
      /** No other trigger is there: what one effect does would start the next. */
      const only = async (...names: readonly string[]): Promise<void> => {
        levels = LEVELS.filter(({ name, trigger }) => trigger === undefined || names.includes(name));
        await say({});
        await calm();
        const { answers } = crowd.counts;
        const sentAway = (): number => (answers['ADMISSION_LIMITED'] ?? 0) + (answers['REGISTRATION_PAUSED'] ?? 0);
        const isQuiet = async (): Promise<boolean> => {
          const [refused, accepted] = [sentAway(), crowd.counts.accepted];
          const enough = accepted + QUIET_SECONDS * CROWD_PER_SECOND;
          await eventually(() => crowd.counts.accepted >= enough, { what: 'citizens to be let in' });
          return sentAway() === refused;
        };
        await eventually(isQuiet, { timeoutMs: 120_000, what: 'nobody to be sent away' });
      };
      const calm = (): Promise<unknown> =>
        eventually(() => stack.snapshot().contingency.length === 0 && (stack.snapshot().oldestSeconds ?? 0) < 1, {
          what: 'no level to be in force',
        });
      const keep = (sample: Sample): void => {
        samples.push(sample);
        progress(JSON.stringify(sample));
      };

      /** When the operator last said so of a level, by the wall clock. */
      const toldMs = (reason: string, level: string): number =>
        stack.events().findLast((event) => event.reason === reason && event.message.includes(level))?.atMs ??
        Number.NaN;

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
        const shedAt = narrowAt + (await untilAll(isNarrow, 'narrow-door', narrowAt, signal));
        const sinceCauseMs = (await untilAll(isPage, 'sent-away', shedAt, signal)) - SHED.heldMs;
        const shownAt = shedAt + SHED.heldMs + sinceCauseMs;
        const inForceMs = Math.max(0, Math.round(wallMs(shownAt) - toldMs('ContingencyStarted', 'sent-away')));
        await say({});
        const askedAt = performance.now();
        const openAt = askedAt + (await untilAll(isOpen, 'sent-away back', askedAt, signal));
        const backMs = Math.max(0, Math.round(wallMs(openAt) - toldMs('ContingencyEnded', 'sent-away')));
        keep({ effect: 'static page', by: 'trigger', run, inForceMs, backMs, sinceCauseMs });
      };

      /** Records that are stopped in their tracks write no row: the oldest registration waits, and so does its receipt. */
      const slowDatabase = async (run: number): Promise<{ readonly atMostSeconds: number | undefined }> => {
        const ids = stack.processes().flatMap(({ role, id }) => (role === 'records' ? [id] : []));
        signalAll(ids, 'SIGSTOP');
        const stoppedAt = performance.now();
        let sinceCauseMs = 0;
        let inForceMs = 0;
        let told: number | undefined;
        try {
          const receipt = receiptOf(await register(stack.url, citizen++, randomUUID(), { seed: 9 }));
          sinceCauseMs = (await untilAll(isNarrow, 'slow-database', stoppedAt, signal)) - WAIT.atLeastMs - WAIT.heldMs;
          const shownAt = stoppedAt + WAIT.atLeastMs + WAIT.heldMs + sinceCauseMs;
          inForceMs = Math.max(0, Math.round(wallMs(shownAt) - toldMs('ContingencyStarted', 'slow-database')));
          const tells = async (): Promise<boolean> => {
            if (receipt === undefined) return true;
            const { body } = await receiptState(stack.url, receipt);
            told = waiting.safeParse(body).data?.waiting.atMostSeconds;
            return told !== undefined;
          };
          await eventually(tells, { what: 'the receipt to say how long the oldest has waited' });
        } finally {
          signalAll(ids, 'SIGCONT');
        }
        const goneOn = performance.now();
        const openAt = goneOn + (await untilAll(isOpen, 'slow-database back', goneOn, signal));
        const backMs = Math.max(0, Math.round(wallMs(openAt) - toldMs('ContingencyEnded', 'slow-database')));
        keep({ effect: 'less admission', by: 'trigger', run, inForceMs, backMs, sinceCauseMs });
        return { atMostSeconds: told };
      };

      const toldSeconds: (number | undefined)[] = [];
      try {
        for (let run = 1; run <= runs; run += 1) {
          await only();
          await command(run, 'less admission', 'narrow-door', isNarrow);
          await command(run, 'static page', 'closed-door', isPage);
          await extension(run);
          await only('sent-away');
          await sentAway(run);
          await only('slow-database');
          toldSeconds.push((await slowDatabase(run)).atMostSeconds);
        }
      } finally {
        await crowd.stop();
      }
      const worst = (by: Sample['by'], of: 'inForceMs' | 'backMs' | 'sinceCauseMs'): number =>
        Math.max(...samples.filter((sample) => sample.by === by).map((sample) => sample[of] ?? 0));
      const summary = {
        runs,
        byCommand: { inForceMs: worst('command', 'inForceMs'), backMs: worst('command', 'backMs') },
        byTrigger: {
          inForceMs: worst('trigger', 'inForceMs'),
          backMs: worst('trigger', 'backMs'),
          sinceCauseMs: worst('trigger', 'sinceCauseMs'),
        },
        toldSeconds,
        acceptedMeanwhile: crowd.counts.accepted,
      };
      const { byCommand, byTrigger } = summary;
      const longest = Math.max(byCommand.inForceMs, byCommand.backMs, byTrigger.inForceMs, byTrigger.backMs);
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
