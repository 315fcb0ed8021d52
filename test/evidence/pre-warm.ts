/**
 * A campaign that opens into 80 times the arrivals of the second before, on a real cluster: at `opensAt` the floor is Ready
 * and proven by a canary, and nobody waits longer than five seconds. Then the same forecast with a pod that takes longer to
 * start than there is time: `PreWarmed` is False, with the reason, before opening. `--cluster NAME`.
 */
import { eventually } from '../helpers/eventually.ts';
import { observeFor, type Platform, withPlatform } from '../helpers/platform.ts';
import type { Scenario, ScenarioContext } from '../helpers/scenario.ts';
import { startSteadyCrowd } from '../helpers/steady-crowd.ts';

const BEFORE_PER_SECOND = 1;
const PER_SECOND = 80;
const CAPACITY = 25;
const CAMPAIGN = { intake: { min: 1, max: 8, capacityPerReplica: CAPACITY } };
const OPENS_IN_MS = 60_000;
/** Less than a pod takes to start. */
const TOO_SOON_MS = 4_000;
const FLOOD_MS = 30_000;
const LATE_MS = 5_000;

const condition = ({ stack }: Platform) => stack.snapshot().conditions.find(({ type }) => type === 'PreWarmed');
/** kubectl's clock is this machine's. */
const opening = (inMs: number) => ({
  ...CAMPAIGN,
  opensInMs: inMs,
  closesInMs: inMs + 600_000,
  forecast: PER_SECOND,
});

const run = async ({ signal, progress }: ScenarioContext, platform: Platform) => {
  const { stack, edit } = platform;
  const startedAtMs = Date.now();
  const opensAtMs = (): number => stack.snapshot().opensAtMs;
  const seen: unknown[] = [];
  const note = (): void => {
    const { tiers, stage } = stack.snapshot();
    seen.push({ atMs: Date.now() - startedAtMs, stage, intake: tiers.intake, preWarmed: condition(platform) });
  };

  await edit(opening(OPENS_IN_MS));
  await eventually(() => opensAtMs() > Date.now(), { timeoutMs: 20_000, what: 'the new opening time' });
  // Those who are early are refused, and don't come again.
  const crowd = startSteadyCrowd(stack.url, BEFORE_PER_SECOND);
  try {
    await observeFor(Math.max(0, opensAtMs() - Date.now()), signal);
    note();
    const atOpening = { ready: stack.snapshot().tiers.intake?.ready ?? 0, preWarmed: condition(platform) };
    progress(`at opensAt: ${atOpening.ready} ready, ${atOpening.preWarmed?.reason}: ${atOpening.preWarmed?.message}`);
    const early = crowd.counts.came;
    crowd.pace(PER_SECOND);
    await observeFor(FLOOD_MS, signal);
    await crowd.stop();
    note();
    const floor = Number(/floor of (\d+)/.exec(atOpening.preWarmed?.message ?? '')?.[1] ?? Number.NaN);
    const longestMs = Math.max(...crowd.waitsMs);
    const late = crowd.waitsMs.filter((ms) => ms > LATE_MS).length;
    const flood = { early, ...crowd.counts, longestMs: Math.round(longestMs), late };
    progress(`${crowd.counts.accepted} accepted, the longest wait ${Math.round(longestMs)} ms`);

    await platform.kubectl('delete', 'deployment', 'test-intake', '--wait=true');
    await edit(opening(TOO_SOON_MS));
    const alarm = await eventually(
      () => {
        const { status, reason, message } = condition(platform) ?? {};
        return status === 'False' && (reason === 'WillBeLate' || reason === 'PreWarming') && Date.now() < opensAtMs()
          ? { reason, message, secondsBeforeOpening: (opensAtMs() - Date.now()) / 1000 }
          : undefined;
      },
      { timeoutMs: 20_000, what: 'PreWarmed to be False before opening', everyMs: 20 },
    );
    progress(`${alarm.secondsBeforeOpening.toFixed(1)} s before opening: ${alarm.reason}: ${alarm.message}`);
    return {
      kind: 'ran' as const,
      holds:
        atOpening.preWarmed?.status === 'True' && atOpening.ready >= floor && late === 0 && crowd.counts.accepted > 0,
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
