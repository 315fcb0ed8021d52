/**
 * A crowd before pods with a waiting room, on a virtual clock: everyone keeps the ticket and comes again when asked. Shows in which
 * order citizens are served, and how many more are admitted than the rate permits.
 */

import { seededRandom } from '../../../local/load/random.ts';
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
  /** By how many arrivals two citizens are in the wrong order at most: in the order of turns, not of the questions after them. */
  readonly worstInversion: number;
  readonly seconds: number;
}

const BURST_SECONDS = 1;

interface Citizen {
  readonly index: number;
  ticket?: string;
  /** 0: served without a ticket. */
  number: number;
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
  const random = seededRandom(1);
  const intakes = Array.from({ length: pods }, (): TestIntake => {
    const intake = testIntake(calmGuard(1_000_000), [], {
      queue,
      monotonicMs: () => clock.ms,
      random: () => random.next(),
    });
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

  let [arrived, registered, overshoot] = [0, 0, 0];
  const served: Citizen[] = [];
  let waiting: Citizen[] = [];
  const all = arrivalsPerSecond * arriveForSeconds;

  const come = async (citizen: Citizen): Promise<boolean> => {
    const intake = intakes[Math.floor(random.next() * pods)];
    const headers = citizen.ticket === undefined || !keepsTickets ? {} : { 'x-queue-ticket': citizen.ticket };
    const answer = await intake?.post(bodyOf(citizen.index), headers);
    if (answer?.status === 201) return true;
    if (typeof answer?.json['ticket'] === 'string') citizen.ticket = answer.json['ticket'];
    citizen.number = Number(answer?.json['number'] ?? 0);
    citizen.dueMs = clock.ms + 1000 * Number(answer?.headers.get('retry-after') ?? 1);
    return false;
  };

  while (registered < all && clock.ms < atMostSeconds * 1000) {
    clock.ms += stepMs;
    for (const { world } of intakes) world.nowMs = NOW_MS + clock.ms;
    const due = waiting.filter(({ dueMs }) => dueMs <= clock.ms);
    waiting = waiting.filter(({ dueMs }) => dueMs > clock.ms);
    while (arrived < Math.min(all, (arrivalsPerSecond * clock.ms) / 1000)) {
      due.push({ index: arrived, number: 0, dueMs: 0 });
      arrived += 1;
    }
    for (const citizen of due) {
      if (!(await come(citizen))) {
        waiting.push(citizen);
        continue;
      }
      registered += 1;
      served.push(citizen);
    }
    overshoot = Math.max(overshoot, registered - ratePerSecond * (clock.ms / 1000 + BURST_SECONDS));
  }
  let [latest, worstInversion] = [0, 0];
  for (const { index } of served.toSorted((a, b) => a.number - b.number)) {
    latest = Math.max(latest, index);
    worstInversion = Math.max(worstInversion, latest - index);
  }
  return { arrived, registered, overshoot: Math.ceil(overshoot), worstInversion, seconds: clock.ms / 1000 };
};
