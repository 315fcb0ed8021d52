/**
 * A botnet beside citizens, on the real server: 200 addresses send 1,000 requests for each of their registrants, while 2,000 citizens
 * register behind one address of a carrier. Time is virtual: tokens and waits do not depend on the speed of this machine.
 */
import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Pool } from 'undici';
import type { LiveSettings } from '../../../contract/app-contract.ts';
import { bodyOf, calmGuard, type ServedIntake, settingsOf, startTestIntake } from '../../helpers/intake.ts';

const SECONDS = 5;
const CITIZENS = 2_000;
const REGISTRANTS = 5;
const PER_REGISTRANT = 1_000;
const ADDRESSES = 200;
/** A tenth more than the citizens need. */
const ADMITTED_PER_SECOND = (1.1 * CITIZENS) / SECONDS;
const STEP_MS = 100;
const CARRIER = '100.64.0.1';
const LIMITS = { citizenPerMinute: 5, phonePerMinute: 5, devicePerMinute: 20, addressPerMinute: 300 };

let intake: ServedIntake | undefined;
let pool: Pool | undefined;
afterEach(async () => {
  await pool?.close();
  await intake?.stop();
});

interface Sent {
  readonly status: number;
  readonly retryAfterMs: number;
}

const play = async (limits: LiveSettings['traffic']['limits']) => {
  const clock = { nowMs: 0 };
  const started = await startTestIntake(calmGuard(), [], undefined, { monotonicMs: () => clock.nowMs });
  intake = started;
  started.world.settings = settingsOf({
    traffic: {
      ...{ admissionPerSecond: ADMITTED_PER_SECOND, intakePods: 1, burstSeconds: 1, trustedProxies: ['127.0.0.0/8'] },
      ...(limits === undefined ? {} : { limits }),
    },
  });
  const client = new Pool(started.url, { connections: 32 });
  pool = client;
  const send = async (person: number, address: string, key: string): Promise<Sent> => {
    const { statusCode, headers, body } = await client.request({
      path: '/api/v1/registrations',
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key, 'x-forwarded-for': address },
      body: JSON.stringify(bodyOf(person)),
    });
    await body.dump();
    return { status: statusCode, retryAfterMs: 1_000 * Number(headers['retry-after'] ?? 0) };
  };

  const bots = { registered: 0, refused: 0, shed: 0 };
  let sentByBots = 0;
  const botRequest = async (): Promise<void> => {
    const registrant = sentByBots % REGISTRANTS;
    const address = `203.0.113.${sentByBots % ADDRESSES}`;
    sentByBots += 1;
    const { status } = await send(1_000_000 + registrant, address, randomUUID());
    if (status === 201) bots.registered += 1;
    else if (status === 429) bots.refused += 1;
    else bots.shed += 1;
  };

  const waits: number[] = [];
  /** Citizens by the step at which they come, or come again. */
  const due = new Map<number, { readonly person: number; readonly firstMs: number; readonly key: string }[]>();
  const at = (nowMs: number) => due.get(Math.ceil(nowMs / STEP_MS)) ?? [];
  const expectAt = (nowMs: number, citizen: { person: number; firstMs: number; key: string }): void => {
    due.set(Math.ceil(nowMs / STEP_MS), [...at(nowMs), citizen]);
  };
  for (let person = 0; person < CITIZENS; person += 1) {
    const firstMs = Math.floor((person / CITIZENS) * SECONDS * 10) * STEP_MS;
    expectAt(firstMs, { person, firstMs, key: randomUUID() });
  }
  const refusedCitizens: number[] = [];
  for (; clock.nowMs < SECONDS * 1_000; clock.nowMs += STEP_MS) {
    const perStep = (REGISTRANTS * PER_REGISTRANT * STEP_MS) / (SECONDS * 1_000);
    // Bots are first in every step.
    const botRequests = Array.from({ length: perStep }, botRequest);
    const citizens = at(clock.nowMs).map(async (citizen) => {
      const { status, retryAfterMs } = await send(citizen.person, CARRIER, citizen.key);
      if (status === 201) waits.push(clock.nowMs - citizen.firstMs);
      else if (status === 503) expectAt(clock.nowMs + retryAfterMs, citizen);
      else refusedCitizens.push(status);
    });
    await Promise.all([...botRequests, ...citizens]);
  }
  const waiting = CITIZENS - waits.length;
  const all = [...waits, ...Array.from({ length: waiting }, () => Number.POSITIVE_INFINITY)].sort((a, b) => a - b);
  const p99Ms = all[Math.ceil(0.99 * CITIZENS) - 1] ?? Number.POSITIVE_INFINITY;
  return { registered: waits.length, p99Ms, refusedCitizens, bots };
};

type Played = Awaited<ReturnType<typeof play>>;
const areCitizensServed = ({ registered, p99Ms, refusedCitizens }: Played): boolean =>
  registered === CITIZENS && p99Ms < 1_000 && refusedCitizens.length === 0;

describe('a botnet of 200 addresses beside 2,000 citizens of one carrier', () => {
  it('keeps no citizen out, and gets a few registrations for each registrant', async () => {
    const played = await play(LIMITS);
    expect(played).toMatchObject({ registered: CITIZENS, refusedCitizens: [] });
    expect(areCitizensServed(played)).toBe(true);
    // Five at once, ten of other networks, and what a few seconds return.
    expect(played.bots.registered).toBeLessThanOrEqual(REGISTRANTS * 18);
    expect(played.bots.refused).toBeGreaterThan(0.9 * REGISTRANTS * PER_REGISTRANT);
  });

  it('keeps citizens out without limits: the twin', async () => {
    const played = await play(undefined);
    expect(areCitizensServed(played)).toBe(false);
    expect(played.bots.registered).toBeGreaterThan(REGISTRANTS * 100);
  });
});
