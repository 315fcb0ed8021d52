/**
 * A crowd before pods with a waiting room, on a virtual clock: everyone keeps the ticket and comes again when asked. Shows in which
 * order citizens are served, and how many more are admitted than the rate permits.
 */

import { createFakeQueue } from '../../helpers/fake-queue.ts';
import { bodyOf, calmGuard, NOW_MS, settingsOf, type TestIntake, testIntake } from '../../helpers/intake.ts';

export interface CrowdOptions {
  readonly pods: number;
  /** Admission rate, and pace of the queue. */
  readonly ratePerSecond: number;
  readonly arrivalsPerSecond: number;
  readonly arriveForSeconds: number;
  readonly stepMs?: number;
  readonly atMostSeconds?: number;
  /** As a sabotage: everyone comes as often as they like, without the ticket. */
  readonly keepsTickets?: boolean;
}

export interface CrowdResult {
  readonly arrived: number;
  readonly registered: number;
  /** Most registrations beyond rate × time and the burst, at any time. */
  readonly overshoot: number;
  /** Pairs of citizens served in the wrong order by more than this many arrivals. */
  readonly worstInversion: number;
  readonly seconds: number;
}

const BURST_SECONDS = 1;

interface Citizen {
  readonly index: number;
  ticket?: string;
  dueMs: number;
}

export const playCrowd = async (options: CrowdOptions): Promise<CrowdResult> => {
  const {
    pods,
    ratePerSecond,
    arrivalsPerSecond,
    arriveForSeconds,
    stepMs = 50,
    atMostSeconds = 3_600,
    keepsTickets = true,
  } = options;
  const queue = createFakeQueue();
  const clock = { ms: 0 };
  const intakes = Array.from({ length: pods }, (): TestIntake => {
    const intake = testIntake(calmGuard(1_000_000), [], { queue, monotonicMs: () => clock.ms, random: Math.random });
    intake.world.settings = settingsOf({
      traffic: {
        admissionPerSecond: ratePerSecond,
        intakePods: pods,
        burstSeconds: BURST_SECONDS,
        waitingRoom: { enabled: true, preQueueMinutes: 30 },
      },
    });
    return intake;
  });
  queue.shuffled({ seed: '0'.repeat(64), count: 0 });
  queue.pace({ base: 0, ratePerSecond, since: new Date(NOW_MS).toISOString() });

  let [arrived, registered, overshoot, worstInversion, latest] = [0, 0, 0, 0, 0];
  let waiting: Citizen[] = [];
  const all = arrivalsPerSecond * arriveForSeconds;

  const come = async (citizen: Citizen): Promise<boolean> => {
    const intake = intakes[Math.floor(Math.random() * pods)];
    const headers = citizen.ticket === undefined || !keepsTickets ? {} : { 'x-queue-ticket': citizen.ticket };
    const answer = await intake?.post(bodyOf(citizen.index), headers);
    if (answer?.status === 201) return true;
    if (typeof answer?.json['ticket'] === 'string') citizen.ticket = answer.json['ticket'];
    citizen.dueMs = clock.ms + 1000 * Number(answer?.headers.get('retry-after') ?? 1);
    return false;
  };

  while (registered < all && clock.ms < atMostSeconds * 1000) {
    clock.ms += stepMs;
    for (const { world } of intakes) world.nowMs = NOW_MS + clock.ms;
    const due = waiting.filter(({ dueMs }) => dueMs <= clock.ms);
    waiting = waiting.filter(({ dueMs }) => dueMs > clock.ms);
    while (arrived < Math.min(all, (arrivalsPerSecond * clock.ms) / 1000)) {
      due.push({ index: arrived, dueMs: 0 });
      arrived += 1;
    }
    for (const citizen of due) {
      if (!(await come(citizen))) {
        waiting.push(citizen);
        continue;
      }
      registered += 1;
      latest = Math.max(latest, citizen.index);
      worstInversion = Math.max(worstInversion, latest - citizen.index);
    }
    overshoot = Math.max(overshoot, registered - ratePerSecond * (clock.ms / 1000 + BURST_SECONDS));
  }
  return { arrived, registered, overshoot: Math.ceil(overshoot), worstInversion, seconds: clock.ms / 1000 };
};
