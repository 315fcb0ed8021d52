/** What an intake finds of the journal with its own credentials, while the operator's see another one. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import type { JournalConnection } from '../../../journal/connection.ts';
import { JournalHealth } from '../../../journal/journal-health.ts';
import { createPublisher } from '../../../journal/publisher.ts';
import { createJournalReader } from '../../../journal/reader.ts';
import { checkAnswerOf, createJournalCheck, keepJournalChecked } from '../../../journal/streams/check.ts';
import { eventually } from '../../helpers/eventually.ts';
import { type GuardedJournal, startGuardedJournal } from '../../helpers/guarded-journal.ts';
import { journalSpec, never } from '../../helpers/real-journal.ts';
import { receivedEvent, SHARDS } from '../../helpers/records.ts';

const campaignId = 'spring';
const monotonicMs = (): number => performance.now();
let journal: GuardedJournal;
beforeAll(async () => {
  journal = await startGuardedJournal([campaignId, 'autumn']);
});
afterAll(() => journal?.stop());

/** An intake's way to the journal as app/roles/intake.ts puts it together. */
const startIntake = async (connection: JournalConnection, id = campaignId) => {
  const health = new JournalHealth(monotonicMs());
  const stop = new AbortController();
  const checked = keepJournalChecked({ connection, campaignId: id, shards: SHARDS }, health, monotonicMs, stop.signal);
  const publisher = createPublisher({
    connection,
    campaignId: id,
    shards: SHARDS,
    registry: new Registry(),
    monotonicMs,
    signal: stop.signal,
  });
  const state = () => health.found(monotonicMs()).state;
  return {
    health,
    async publish(citizen: string) {
      const outcome = await publisher.publish(receivedEvent({ campaignId: id, citizen }));
      health.published(outcome, connection.isRefused(), monotonicMs());
      return outcome;
    },
    /** As a citizen does who is sent away, with the same key. */
    acknowledges(citizen: string) {
      return eventually(async () => (await this.publish(citizen)).kind === 'acknowledged', {
        what: `the acknowledgement of ${citizen}`,
        everyMs: 200,
      });
    },
    reaches: (wanted: string) => eventually(() => state() === wanted, { what: `the state ${wanted}, not ${state()}` }),
    async stop() {
      stop.abort();
      await checked;
    },
  };
};

const stored = async (): Promise<number> =>
  (await journal.admin.backlog(campaignId, SHARDS, 'records', never)).enqueued ?? Number.NaN;

describe('an intake without traffic', () => {
  it('checks its way with its own account, and leaves nothing in the journal', async () => {
    const intake = await startIntake(await journal.connect(journal.access({ campaignId })));
    const before = await stored();
    await intake.reaches('answers');
    const check = createJournalCheck({
      connection: await journal.connect(journal.access({ campaignId })),
      campaignId,
      shards: SHARDS,
    });
    // On a busy machine one may be silent.
    for (let n = 0; n < 10; n += 1)
      await eventually(async () => (await check(never)) === 'answers', { what: 'an answer' });
    expect(await stored()).toBe(before);
    // The count can tell: without the expectation the same message stays.
    await intake.acknowledges('counted');
    // Two where the first answer was late: then another shard has a copy.
    await eventually(async () => (await stored()) > before, { what: 'the count of one more' });
    await intake.stop();
  });

  it('finds that its journal is not there', async () => {
    const spec = journalSpec({ campaignId: 'autumn', replicas: 1 });
    const intake = await startIntake(await journal.connect(journal.access({ campaignId: 'autumn' })), 'autumn');
    await intake.reaches('answers');
    await journal.admin.remove(spec, never);
    await intake.reaches('no_leader');
    await intake.stop();
  });
});

describe('an account that goes away under an open campaign', () => {
  it('is found by checks, by publishes and by a worker’s pulls, while the operator’s own account sees all well', async () => {
    await journal.setCampaigns([campaignId]);
    const connection = await journal.connect(journal.access({ campaignId }));
    const [intake, idle] = [await startIntake(connection), await startIntake(connection)];
    await intake.acknowledges('first');
    await Promise.all([intake.reaches('answers'), idle.reaches('answers')]);
    const reader = createJournalReader({ connection, campaignId, tier: 'records' });

    await journal.setCampaigns([]);
    await idle.reaches('credentials');
    await eventually(
      async () => {
        await intake.publish('second');
        return intake.health.found(monotonicMs()).state === 'credentials';
      },
      { what: 'publishes to be found refused', everyMs: 200 },
    );
    expect(intake.health.recent(monotonicMs()).get('credentials')).toBeGreaterThan(0);
    await expect(reader.fetch({ shard: 0, maxMessages: 1, expiresMs: 100 }, never)).rejects.toThrow();
    await eventually(() => connection.isRefused(), { what: 'a connection that is refused' });
    expect(await journal.admin.ensure(journalSpec({ campaignId, replicas: 1 }), never)).toMatchObject({
      kind: 'ready',
    });

    await journal.setCampaigns([campaignId]);
    await Promise.all([intake.reaches('answers'), idle.reaches('answers')]);
    await intake.acknowledges('third');
    await intake.stop();
    await idle.stop();
  });
});

describe('a permission that is missing', () => {
  it('is found, although the server answers nothing to what it refuses', async () => {
    // The operator's account of another campaign: connected, and without the right to publish there.
    const connection = await journal.connect(journal.access({ campaignId }));
    const intake = await startIntake(connection, 'elsewhere');
    await intake.reaches('credentials');
    expect(await intake.publish('a')).toMatchObject({ kind: 'unavailable' });
    await intake.stop();
  });
});

describe('a journal that stands still', () => {
  it('is found silent, and well again', async () => {
    const connection = await journal.connect(journal.access({ campaignId }));
    const intake = await startIntake(connection);
    await intake.reaches('answers');
    process.kill(journal.pid, 'SIGSTOP');
    try {
      await eventually(() => ['silent', 'disconnected'].includes(intake.health.found(monotonicMs()).state), {
        what: 'the silence',
      });
    } finally {
      process.kill(journal.pid, 'SIGCONT');
    }
    await intake.reaches('answers');
    await intake.stop();
  });
});

describe('what a check is answered', () => {
  const bytes = (text: string): Uint8Array => Buffer.from(text);
  it.each([
    ['the refusal that it asks for', bytes('{"error":{"code":400,"err_code":10060}}'), undefined, 'answers'],
    ['stored, by a server that knows no expectation', bytes('{"stream":"S","seq":7}'), undefined, 'answers'],
    ['full', bytes('{"error":{"code":503,"err_code":10077}}'), undefined, 'full'],
    ['no responders', bytes(''), 503, 'no_leader'],
    ['another error', bytes('{"error":{"code":503,"err_code":10008}}'), undefined, 'silent'],
    ['no JSON', bytes('nonsense'), undefined, 'silent'],
  ] as const)('%s', (_, data, code, found) => {
    expect(checkAnswerOf(data, code)).toBe(found);
  });
});
