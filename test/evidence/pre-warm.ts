/**
 * A campaign that opens into 80 times the arrivals of the second before, on a real cluster. First a quota lets too few pods
 * in: `PreWarmed` is False, with the reason and an event, long before opening. Then the quota goes: at `opensAt` the floor
 * is Ready and proven by a canary, and nobody waits longer than five seconds. `--cluster NAME`.
 */
import { eventually } from '../helpers/eventually.ts';
import { observeFor, type Platform, withPlatform } from '../helpers/platform.ts';
import type { Scenario, ScenarioContext } from '../helpers/scenario.ts';
import { type SteadyCrowd, startSteadyCrowd } from '../helpers/steady-crowd.ts';

const BEFORE_PER_SECOND = 1;
const PER_SECOND = 80;
const CAPACITY = 25;
const HOUR_MS = 3_600_000;
/** Until it is edited it is not open and not pre-warmed: an opening time that has passed can't be changed. */
const CAMPAIGN = {
  intake: { min: 1, max: 8, capacityPerReplica: CAPACITY },
  opensInMs: HOUR_MS,
  closesInMs: 2 * HOUR_MS,
};
/** Of the start of the platform, which takes a minute. */
const OPENS_IN_MS = 200_000;
const TOO_FEW_PODS = 4;
const FLOOD_MS = 30_000;
const LATE_MS = 5_000;

const condition = ({ stack }: Platform) => stack.snapshot().conditions.find(({ type }) => type === 'PreWarmed');
const OPENING = { ...CAMPAIGN, opensInMs: OPENS_IN_MS, closesInMs: OPENS_IN_MS + 600_000, forecast: PER_SECOND };

const run = async ({ signal, progress }: ScenarioContext, platform: Platform) => {
  const { stack, edit } = platform;
  const startedAtMs = Date.now();
  const opensAtMs = (): number => stack.snapshot().opensAtMs;
  const seen: unknown[] = [];
  let crowd: SteadyCrowd | undefined;
  const note = (): void => {
    const { tiers, stage } = stack.snapshot();
    const { reason } = condition(platform) ?? {};
    const answers = { ...crowd?.counts.answers };
    seen.push({ atMs: Date.now() - startedAtMs, stage, intake: tiers.intake, preWarmed: reason, answers });
  };

  const { kubectl } = platform;
  await kubectl('create', 'quota', 'too-little', `--hard=pods=${TOO_FEW_PODS}`);
  await edit(OPENING);
  await eventually(() => opensAtMs() < startedAtMs + OPENS_IN_MS, { what: 'the new opening time' });
  const alarm = await eventually(
    () => {
      const { status, reason, message } = condition(platform) ?? {};
      return status === 'False' && reason === 'WillBeLate'
        ? { reason, message, secondsBeforeOpening: Math.round((opensAtMs() - Date.now()) / 1000) }
        : undefined;
    },
    { what: 'PreWarmed to say that it will be late' },
  );
  note();
  const isTold = stack.events().some(({ type, reason }) => type === 'Warning' && reason === 'PreWarmLate');
  progress(`${alarm.secondsBeforeOpening} s before opening: ${alarm.reason}: ${alarm.message}`);
  await kubectl('delete', 'quota', 'too-little');
  // Those who are early are refused, and don't come again.
  crowd = startSteadyCrowd(stack.url, BEFORE_PER_SECOND);
  try {
    await observeFor(Math.max(0, opensAtMs() - Date.now()), signal);
    note();
    const atOpening = { ready: stack.snapshot().tiers.intake?.ready ?? 0, preWarmed: condition(platform) };
    progress(`at opensAt: ${atOpening.ready} ready, ${atOpening.preWarmed?.reason}: ${atOpening.preWarmed?.message}`);
    const early = crowd.counts.came;
    crowd.pace(PER_SECOND);
    for (let second = 0; second < FLOOD_MS / 1000; second += 1) {
      await observeFor(1_000, signal);
      note();
    }
    await crowd.stop();
    note();
    const floor = Number(/^(\d+) intake replicas/.exec(atOpening.preWarmed?.message ?? '')?.[1] ?? Number.NaN);
    const longestMs = Math.max(...crowd.waitsMs);
    const late = crowd.waitsMs.filter((ms) => ms > LATE_MS).length;
    const flood = { early, ...crowd.counts, longestMs: Math.round(longestMs), late };
    progress(`${crowd.counts.accepted} accepted, the longest wait ${Math.round(longestMs)} ms`);

    return {
      kind: 'ran' as const,
      holds:
        atOpening.preWarmed?.status === 'True' &&
        atOpening.ready >= floor &&
        late === 0 &&
        crowd.counts.accepted > 0 &&
        alarm.secondsBeforeOpening > 0 &&
        isTold,
      summary: { floor, readyAtOpening: atOpening.ready, flood, impossible: alarm },
      raw: { seen, waitsMs: crowd.waitsMs.map(Math.round), flood, alarm },
    };
  } finally {
    await crowd.stop();
  }
};

export const scenario: Scenario = {
  issue: '04',
  run: (context) => withPlatform(context, CAMPAIGN, (platform) => run(context, platform)),
};
