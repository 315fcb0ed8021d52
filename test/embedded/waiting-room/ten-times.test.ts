/** Ten times as many citizens as can be admitted, for some seconds: everyone is served in turn, no one is lost, and replicas follow. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readDatabase } from '../../../local/ledger-check/read-database.ts';
import { type RegistrationClient, registrationClient } from '../../../local/load/http-client.ts';
import { openLedger } from '../../../local/load/ledger.ts';
import { ServiceOrder } from '../../../local/load/line.ts';
import { runLoad } from '../../../local/load/run-load.ts';
import { StatsRecorder } from '../../../local/load/stats.ts';
import type { Stack } from '../../../local/stack.ts';
import { eventually } from '../../helpers/eventually.ts';
import { withStack } from '../../helpers/with-stack.ts';

const CAPACITY = 20;
const MIN = 2;
const CROWD_PER_SECOND = 10 * MIN * CAPACITY;
const SECONDS = 1.5;
/** Half a second of one pod's tickets. */
const BLOCK = CROWD_PER_SECOND / 2;

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'voucher-queue-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** Numbers by ticket, and the order in which turns came. */
const watched = (client: RegistrationClient) => {
  const numbers = new Map<string, number>();
  const order = new ServiceOrder(BLOCK);
  const turns: number[] = [];
  const watching: RegistrationClient = {
    ...client,
    async register(request) {
      const answer = await client.register(request);
      if (answer.kind === 'queued') numbers.set(answer.ticket, answer.number);
      return answer;
    },
    async turn(ticket) {
      const answer = await client.turn(ticket);
      if (answer.kind === 'turn') {
        const number = numbers.get(ticket) ?? 0;
        turns.push(number);
        order.served(number, performance.now());
      }
      return answer;
    },
  };
  return { client: watching, numbers, order, turns };
};

const flood = async (stack: Stack, signal: AbortSignal) => {
  const real = registrationClient({ origin: stack.url, connections: 64, requestsPerConnection: 20, timeoutMs: 10_000 });
  const seen = watched(real);
  const ledger = await openLedger(join(dir, 'ledger.jsonl'));
  const stats = new StatsRecorder();
  try {
    await runLoad(
      {
        trace: [
          { atSeconds: 0, arrivalsPerSecond: CROWD_PER_SECOND },
          { atSeconds: SECONDS, arrivalsPerSecond: 0 },
        ],
        opensAtMs: Date.now(),
        seed: 7,
        categories: ['dining'],
        maxInFlight: 5_000,
        maxCitizens: 5_000,
        attempts: 50,
        sameKeyShare: 0,
        otherKeyShare: 0,
      },
      { client: seen.client, ledger, stats, signal },
    );
  } finally {
    await ledger.close();
    await real.close();
  }
  return { ...seen, stats: stats.line('final', 0) };
};

describe('ten times the capacity', () => {
  it('is served in turn, nothing is lost, and replicas follow the crowd that waits', async () => {
    const ended = new AbortController();
    const campaign = {
      intake: { min: MIN, max: 4, capacityPerReplica: CAPACITY },
      waitingRoom: { enabled: true },
    };
    await withStack(campaign, ended.signal, async (stack) => {
      const follow = eventually(
        () => (stack.snapshot().waiting?.citizens ?? 0) > 0 && stack.snapshot().tiers.intake?.desired === 4,
        { what: 'citizens who wait, and replicas for them', everyMs: 50, signal: ended.signal },
      );
      const [{ stats, numbers, order, turns }] = await Promise.all([flood(stack, ended.signal), follow]);
      expect(stats).toMatchObject({ acknowledged: stats.arrived, gaveUp: 0, refused: 0 });
      expect(stats.queued).toBeGreaterThan(stats.arrived / 2);
      expect(new Set(numbers.values()).size).toBe(numbers.size);
      expect(turns.length).toBeGreaterThan(stats.arrived / 2);
      expect(order.overtaken).toBe(0);
      const stored = async (): Promise<boolean> => {
        const { registrations } = await readDatabase(stack.ledgerCheck, stack.campaignId, ended.signal);
        return registrations.length === stats.arrived;
      };
      await eventually(stored, { what: 'every registration in the database', everyMs: 200 });
      await eventually(() => stack.snapshot().waiting === undefined, { what: 'the queue to be served' });
      expect(stack.events().map(({ reason }) => reason)).toEqual(
        expect.arrayContaining(['CitizensQueue', 'QueueServed']),
      );
    });
  });
});
