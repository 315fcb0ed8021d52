import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { compare } from '../../../local/ledger-check/compare.ts';
import { readLedger } from '../../../local/ledger-check/read-ledger.ts';
import { registrationClient } from '../../../local/load/http-client.ts';
import { openLedger } from '../../../local/load/ledger.ts';
import { type LoadPlan, runLoad } from '../../../local/load/run-load.ts';
import { StatsRecorder } from '../../../local/load/stats.ts';
import { contentOf, type FakeIntake, type Mood, startFakeIntake } from './fake-intake.ts';

const RATE = 400;
const SECONDS = 0.5;

let dir: string;
let intake: FakeIntake | undefined;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'voucher-load-'));
});
afterEach(async () => {
  await intake?.close();
  intake = undefined;
  await rm(dir, { recursive: true, force: true });
});

interface Setting {
  readonly mood?: (post: number) => Mood;
  readonly plan?: Partial<LoadPlan>;
  readonly timeoutMs?: number;
  readonly requestsPerConnection?: number;
}

/** A short crowd against the fake intake; what it did and what its ledger says. */
const flood = async ({ mood = () => ({ kind: 'accept' }), plan, timeoutMs = 5000, ...more }: Setting) => {
  intake = await startFakeIntake(mood);
  const { requestsPerConnection = 20 } = more;
  const client = registrationClient({ origin: intake.url, connections: 32, requestsPerConnection, timeoutMs });
  const ledgerFile = join(dir, 'ledger.jsonl');
  const ledger = await openLedger(ledgerFile);
  const stats = new StatsRecorder();
  await runLoad(
    {
      trace: [
        { atSeconds: 0, arrivalsPerSecond: RATE },
        { atSeconds: SECONDS, arrivalsPerSecond: 0 },
      ],
      opensAtMs: Date.now(),
      seed: 1,
      categories: ['dining', 'retail'],
      maxInFlight: 1000,
      maxCitizens: 1000,
      attempts: 10,
      sameKeyShare: 0,
      otherKeyShare: 0,
      ...plan,
    },
    { client, ledger, stats, signal: AbortSignal.timeout(30_000) },
  );
  await ledger.close();
  await client.close();
  return { intake, ledger: await readLedger(ledgerFile), stats: stats.line('final', 0), ledgerFile };
};

describe('the crowd', () => {
  it('gets a receipt each, all of them in the ledger, with answers measured', async () => {
    const run = await flood({});
    expect(run.stats.arrived).toBeGreaterThan((RATE * SECONDS) / 2);
    expect(run.stats).toMatchObject({
      acknowledged: run.stats.arrived,
      sent: run.stats.arrived,
      inFlight: 0,
      failed: 0,
    });
    expect(run.stats.p99Ms).toBeGreaterThan(0);
    expect(run.intake.taken.size).toBe(run.stats.arrived);
    expect(compare({ ledger: run.ledger, ...contentOf(run.intake) })).toMatchObject({ verdict: 'complete', lost: 0 });
  });

  it('comes again with the same key after 503, until everyone has a receipt', async () => {
    // Every other answer is a refusal: with 10 tries one citizen in 1,024 would give up, which is none of this test.
    const run = await flood({ mood: (post) => ({ kind: post % 2 === 0 ? 'busy' : 'accept' }), plan: { attempts: 50 } });
    expect(run.stats.shed).toBeGreaterThan(0);
    expect(run.stats).toMatchObject({ acknowledged: run.stats.arrived, gaveUp: 0 });
    expect([...run.intake.keysOf.values()].every((keys) => keys.size === 1)).toBe(true);
  });

  it('comes again when the line is cut after the registration was taken, and gets the one receipt', async () => {
    const run = await flood({ mood: (post) => ({ kind: post < 20 ? 'take_and_drop' : 'accept' }) });
    expect(run.stats.failed).toBeGreaterThan(0);
    expect(run.intake.taken.size).toBe(run.stats.arrived);
    expect(compare({ ledger: run.ledger, ...contentOf(run.intake) }).verdict).toBe('complete');
  });

  it('gives up unsettled when no answer ever comes, and says so in the ledger', async () => {
    const run = await flood({
      mood: (post) => ({ kind: post === 3 ? 'never_answer' : 'accept' }),
      timeoutMs: 300,
      plan: { attempts: 1 },
    });
    // On a machine that stalls for 300 ms others give up too; each of them must be in the ledger.
    expect(run.stats.gaveUp).toBeGreaterThan(0);
    expect(run.ledger.filter(({ type }) => type === 'unsettled')).toHaveLength(run.stats.gaveUp);
    expect(run.ledger.at(-1)).toEqual({ type: 'end', sent: run.stats.sent, acknowledged: run.stats.acknowledged });
  });

  it('counts refusals by code and does not come again', async () => {
    const run = await flood({ mood: () => ({ kind: 'refuse' }) });
    expect(run.stats).toMatchObject({ acknowledged: 0, refusedCodes: { NAME_INVALID: run.stats.arrived } });
    expect(run.intake.posts()).toBe(run.stats.arrived);
  });

  it('sends again with the same key and with another, which is superseded', async () => {
    const run = await flood({ plan: { sameKeyShare: 0.2, otherKeyShare: 0.2 } });
    const intents = Map.groupBy(run.ledger, (entry) => (entry.type === 'acknowledged' ? entry.intent : entry.type));
    expect(intents.get('same_key')?.length).toBeGreaterThan(0);
    expect(intents.get('other_key')?.length).toBeGreaterThan(0);
    const audit = compare({ ledger: run.ledger, ...contentOf(run.intake) });
    expect(audit).toMatchObject({ verdict: 'complete', superseded: intents.get('other_key')?.length });
    expect(audit.distinctReceipts).toBe(run.stats.arrived + (intents.get('other_key')?.length ?? 0));
  });

  it('drops and counts citizens who do not fit, instead of sending late', async () => {
    const run = await flood({
      mood: () => ({ kind: 'never_answer' }),
      timeoutMs: 700,
      plan: { maxInFlight: 5, attempts: 1 },
    });
    expect(run.stats.sent).toBeLessThan(run.stats.arrived);
    expect(run.stats.dropped).toBe(run.stats.arrived - run.stats.sent);
  });

  it('never sends more citizens than it was allowed', async () => {
    const run = await flood({ plan: { maxCitizens: 7 } });
    expect(run.stats.arrived).toBe(7);
  });

  it('ends connections, as phones do, so that a balancer can spread them', async () => {
    const run = await flood({ requestsPerConnection: 5 });
    expect(Math.max(...run.intake.requestsPerConnection())).toBeLessThanOrEqual(5);
  });

  it('writes no identity number, name or phone into the ledger', async () => {
    const run = await flood({});
    const text = await readFile(run.ledgerFile, 'utf8');
    expect(text).not.toMatch(/5[6-9]\d{15}[\dX]|测试|154\d{8}/);
  });
});

describe('sabotage', () => {
  it('of one registration is found as one lost receipt', async () => {
    const run = await flood({ plan: { lieToCitizen: 20, sameKeyShare: 0.5 } });
    expect(run.stats.acknowledged).toBeGreaterThan(run.intake.taken.size);
    expect(compare({ ledger: run.ledger, ...contentOf(run.intake) })).toMatchObject({
      verdict: 'incomplete',
      lost: 1,
      citizensWithoutOne: [20],
    });
  });
});

describe('the ledger', () => {
  const end = '{"type":"end","sent":1,"acknowledged":1}';
  it('is never continued by another run', async () => {
    const file = join(dir, 'old.jsonl');
    await writeFile(file, '');
    await expect(openLedger(file)).rejects.toThrow('EEXIST');
  });
  it('is read up to a last line that was being written when its writer died', async () => {
    const file = join(dir, 'torn.jsonl');
    await writeFile(file, `${end}\n{"type":"acknow`);
    expect(await readLedger(file)).toHaveLength(1);
  });
  it('is not believed when a line in the middle is broken', async () => {
    const file = join(dir, 'broken.jsonl');
    await writeFile(file, `${end}\n{"type":"acknow\n${end}\n`);
    await expect(readLedger(file)).rejects.toThrow('line 2');
  });
});
