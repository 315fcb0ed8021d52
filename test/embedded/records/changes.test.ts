/** What citizens change, from two intakes through three real nats-servers into a real PostgreSQL. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { decodeMessage } from '../../../app/records/decode.ts';
import { recordsPart } from '../../../app/records/part.ts';
import { createReceiptStore } from '../../../app/store/receipts.ts';
import { createStore } from '../../../app/store/records-store.ts';
import { runWorker } from '../../../app/worker/run-worker.ts';
import type { EventEnvelope } from '../../../contract/envelope.ts';
import { createPublisher } from '../../../journal/publisher.ts';
import type { ReceiptJournal } from '../../../journal/publishing.ts';
import { createJournalReader } from '../../../journal/reader.ts';
import { createReceiptJournal } from '../../../journal/receipts/receipt-journal.ts';
import { createJournalReplay } from '../../../journal/replay.ts';
import { eventually, eventuallyHolds } from '../../helpers/eventually.ts';
import { type Answer, bodyOf, calmGuard, NOW_MS, type TestIntake, testIntake } from '../../helpers/intake.ts';
import { recordsOf, startTestPostgres, type TestPostgres } from '../../helpers/postgres.ts';
import { never, type RealJournal, startRealJournal } from '../../helpers/real-journal.ts';
import { SHARDS } from '../../helpers/records.ts';

const campaignId = 'test-campaign';
const monotonicMs = (): number => performance.now();
const quiet = { warn: () => undefined };

let journal: RealJournal;
let postgres: TestPostgres;
let url: string;
let pods: readonly TestIntake[];
/** Of the verification tier: it appends verdicts. */
let verdicts: ReceiptJournal;
const closing: (() => Promise<unknown>)[] = [];

/** Reads again until the shards have answered. */
const patientReader = (journal: ReceiptJournal): ReceiptJournal => ({
  ...journal,
  findRegistration: (receiptNo) =>
    eventually(() => journal.findRegistration(receiptNo), { what: 'the registration in the journal' }),
  findFacts: (registration) => eventually(() => journal.findFacts(registration), { what: 'the facts in the journal' }),
});

beforeAll(async () => {
  [journal, postgres] = await Promise.all([startRealJournal(), startTestPostgres()]);
  expect(await journal.ensured({ campaignId })).toMatchObject({ kind: 'ready' });
  url = await postgres.ensureDatabase('records', 'voucher');
  const store = createStore({ connectionString: url, campaignId });
  await store.migrate();
  const stop = new AbortController();
  const common = async (name: string) => ({ connection: await journal.connect(name), campaignId, shards: SHARDS });
  const { connection } = await common('records');
  const reader = createJournalReader({ connection, campaignId, tier: 'records' });
  const part = recordsPart(store, campaignId);
  const running = runWorker({ part, shards: SHARDS, reader, registry: new Registry(), log: quiet }, stop.signal);
  verdicts = patientReader(createReceiptJournal({ ...(await common('verification')), monotonicMs, signal: never }));
  pods = await Promise.all(
    ['pod 1', 'pod 2'].map(async (name) => {
      const own = { ...(await common(name)), monotonicMs, signal: never };
      const receipts = createReceiptStore({ connectionString: url, campaignId });
      closing.push(() => receipts.close());
      return testIntake(calmGuard(), [], {
        journal: createPublisher({ ...own, registry: new Registry() }),
        receiptJournal: createReceiptJournal(own),
        receipts,
      });
    }),
  );
  closing.push(async () => {
    stop.abort();
    await running;
    await store.close();
  });
});
afterAll(async () => {
  await Promise.all(closing.map((close) => close()));
  await Promise.all([journal?.stop(), postgres?.remove()]);
});

const pod = (index: number): TestIntake => {
  const found = pods[index];
  if (found === undefined) throw new Error(`no pod ${index}`);
  return found;
};
const at = (seconds: number): void => {
  for (const { world } of pods) world.nowMs = NOW_MS + seconds * 1_000;
};

interface Registered {
  readonly index: number;
  readonly path: string;
  readonly proof: Record<string, string>;
  readonly receiptNo: string;
}

const register = async (index: number): Promise<Registered> => {
  const headers = { 'idempotency-key': randomUUID() };
  const { status, json } = await confirmed(() => pod(0).post(bodyOf(index), headers));
  // 200 where the first answer was late.
  expect([200, 201]).toContain(status);
  const proof = { 'x-receipt-secret': String(json['receiptSecret']) };
  return { index, path: String(json['statusUrl']), proof, receiptNo: String(json['receiptNo']) };
};

const decide = async (type: 'rejected' | 'verified', { receiptNo }: Registered, attempt = 1): Promise<void> => {
  const registration = await verdicts.findRegistration(receiptNo);
  if (registration === undefined) throw new Error('not in the journal');
  const facts = await verdicts.findFacts(registration);
  const after = facts?.find(({ event }) => event.type === type)?.sequence ?? 0;
  const event: EventEnvelope = {
    ...registration,
    id: `${receiptNo}.${type}${attempt === 1 ? '' : `.${attempt}`}`,
    type,
    ...(attempt === 1 ? {} : { attempt }),
    keyId: '',
    data: { code: '1' },
  };
  expect(await verdicts.append(event, after)).toEqual({ kind: 'stored' });
};
const reject = (one: Registered, attempt = 1): Promise<void> => decide('rejected', one, attempt);

const correct = (from: TestIntake, { index, path, proof }: Registered, name: string): Promise<Answer> => {
  const { idType, idNumber, phone } = bodyOf(index);
  return from.patch(path, { name, idType, idNumber, phone }, proof);
};
/** As a page does it: what is unconfirmed is sent again. */
const confirmed = (change: () => Promise<Answer>): Promise<Answer> =>
  eventually(
    async () => {
      const answer = await change();
      return answer.status === 503 || answer.status === 429 ? undefined : answer;
    },
    { what: 'a confirmed answer', everyMs: 1_000 },
  );
const codeOf = ({ status, json }: Answer): string => `${status} ${json['code'] ?? ''}`.trim();

const shows = ({ path, proof }: Registered, want: object): Promise<unknown> =>
  eventually(
    async () => {
      const { json } = await pod(1).get(path, proof);
      return Object.entries(want).every(([field, value]) => json[field] === value);
    },
    { what: `the receipt with ${JSON.stringify(want)}` },
  );

interface Message {
  readonly shard: number;
  readonly sequence: number;
  readonly event: EventEnvelope;
}

const messages = async (): Promise<readonly Message[]> => {
  const { replay } = createJournalReplay({ connection: journal.connection, campaignId });
  const all: Message[] = [];
  for (let shard = 0; shard < SHARDS; shard += 1) {
    for await (const batch of replay(shard, 1, never)) {
      for (const stored of batch) {
        // As records does it: of two copies the winner depends on their text, and members that no row has are left out.
        const decoded = decodeMessage(stored, campaignId);
        if (decoded.kind !== 'event') throw new Error(JSON.stringify(decoded));
        all.push({ shard, sequence: stored.sequence, event: decoded.event });
      }
    }
  }
  return all;
};
const typesOf = async ({ receiptNo }: Registered): Promise<readonly string[]> =>
  (await messages()).flatMap(({ event }) => (event.receipt === receiptNo ? [event.type] : [])).toSorted();

describe('what citizens change', () => {
  it('is seen by every pod: rejected, corrected, rejected again, another channel, withdrawn', async () => {
    const one = await register(1);
    await shows(one, { state: 'received', confirmed: true, correctionsLeft: 2 });
    expect(codeOf(await confirmed(() => correct(pod(1), one, '王小明')))).toBe('409 NOT_REJECTED');
    at(1);
    await reject(one);
    await shows(one, { state: 'rejected' });
    at(2);
    expect(await confirmed(() => correct(pod(1), one, '王小明'))).toMatchObject({
      status: 200,
      json: { state: 'received' },
    });
    await shows(one, { state: 'received', confirmed: true, correctionsLeft: 1 });
    at(3);
    await reject(one, 2);
    await shows(one, { state: 'rejected' });
    expect(codeOf(await confirmed(() => correct(pod(0), one, '王小明')))).toBe('422 UNCHANGED');
    const { json } = await confirmed(() => pod(0).patch(one.path, { channel: 'unionpay' }, one.proof));
    expect(json).toMatchObject({ channel: 'unionpay', state: 'rejected', channelChangesLeft: 4 });
    await shows(one, { channel: 'unionpay' });
    at(4);
    for (const from of [0, 1, 0]) {
      expect(codeOf(await confirmed(() => pod(from).withdraw(one.path, one.proof)))).toBe('202');
    }
    await shows(one, { state: 'withdrawn' });
    expect(codeOf(await confirmed(() => correct(pod(1), one, '王大明')))).toBe('409 WITHDRAWN');
    expect([...new Set(await typesOf(one))]).toEqual([
      'channel_changed',
      'corrected',
      'received',
      'rejected',
      'withdrawn',
    ]);
  });

  it('by two pods at once is stored once, and the other one is told, and what was acknowledged is what is stored', async () => {
    for (let round = 0; round < 8; round += 1) {
      const one = await register(100 + round);
      await reject(one);
      const names = ['王小明', '王晓明'];
      const answers = await Promise.all(names.map((name, index) => confirmed(() => correct(pod(index), one, name))));
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409]);
      const acknowledged = names[answers.findIndex(({ status }) => status === 200)] ?? '';
      expect((await typesOf(one)).filter((type) => type === 'corrected')).toHaveLength(1);
      // A repeat of what is stored is acknowledged; anything else is not.
      expect(codeOf(await confirmed(() => correct(pod(0), one, acknowledged)))).toBe('200');
    }
  });

  it('is compared by the shard itself, also when the id of the first one is forgotten', async () => {
    const one = await register(200);
    await reject(one);
    const registration = await verdicts.findRegistration(one.receiptNo);
    if (registration === undefined) throw new Error('not in the journal');
    const change = (n: number, id: string): EventEnvelope => {
      const attempt = n === 1 ? {} : { attempt: n };
      const { keyId: _, ...rest } = registration;
      return { ...rest, id, type: 'channel_changed', ...attempt, keyId: '', data: { channel: 'alipay' } };
    };
    expect(await verdicts.append(change(1, 'a'), 0)).toEqual({ kind: 'stored' });
    expect(await verdicts.append(change(1, 'b'), 0)).toEqual({ kind: 'overtaken' });
    const after = (await verdicts.findFacts(registration))?.find(({ event }) => event.type === 'channel_changed');
    expect(await verdicts.append(change(2, 'c'), after?.sequence ?? 0)).toEqual({ kind: 'stored' });
    expect(await verdicts.append(change(2, 'd'), after?.sequence ?? 0)).toEqual({ kind: 'overtaken' });
    expect((await typesOf(one)).filter((type) => type === 'channel_changed')).toHaveLength(2);
  });

  it('on two receipts of one number decides which one counts, and each shows its own state', async () => {
    at(10);
    const wrongName = await register(250);
    at(11);
    const own = await register(250);
    await shows(wrongName, { state: 'received' });
    await shows(own, { state: 'superseded', channel: undefined, correctionsLeft: 2 });
    await reject(wrongName);
    await shows(wrongName, { state: 'rejected' });
    // The database has the channel of the earlier receipt only.
    const { channel, category } = bodyOf(250);
    await shows(own, { state: 'received', channel, category });
    await decide('verified', own);
    await shows(own, { state: 'verified' });
    await shows(wrongName, { state: 'rejected', correctionsLeft: 2 });

    at(12);
    expect(await correct(pod(1), wrongName, '王小明')).toMatchObject({ status: 200, json: { state: 'superseded' } });
    await shows(wrongName, { state: 'superseded' });
    await decide('verified', wrongName);
    await shows(wrongName, { state: 'verified' });
    await shows(own, { state: 'superseded' });

    at(13);
    expect(codeOf(await confirmed(() => pod(0).withdraw(wrongName.path, wrongName.proof)))).toBe('202');
    await shows(wrongName, { state: 'withdrawn' });
    await shows(own, { state: 'verified' });
  });

  it('while the journal has no majority is unconfirmed, and afterwards takes effect once', async () => {
    const [corrected, moved, withdrawn] = [await register(300), await register(301), await register(302)];
    await reject(corrected);
    const changes = [
      () => correct(pod(0), corrected, '王小明'),
      () =>
        pod(1).patch(moved.path, { channel: bodyOf(301)['channel'] === 'wechat' ? 'alipay' : 'wechat' }, moved.proof),
      () => pod(1).withdraw(withdrawn.path, withdrawn.proof),
    ] as const;
    const [first, second] = journal.cluster.nodes;
    first?.kill('SIGSTOP');
    second?.kill('SIGSTOP');
    try {
      const answers = await Promise.all(changes.map((change) => change()));
      expect(answers.map(codeOf)).toEqual(answers.map(() => '503 CHANGE_UNCONFIRMED'));
      for (const { headers } of answers) expect(headers.get('retry-after')).toMatch(/^\d$/);
    } finally {
      first?.kill('SIGCONT');
      second?.kill('SIGCONT');
    }
    for (const change of changes) {
      const isDone = async (): Promise<boolean> => (await change()).status < 300;
      await eventually(isDone, { what: 'the change after the outage', everyMs: 1_000 });
    }
    expect((await typesOf(corrected)).filter((type) => type === 'corrected')).toHaveLength(1);
    expect((await typesOf(moved)).filter((type) => type === 'channel_changed')).toHaveLength(1);
    // A hedge may have put copies of the others into another shard: they are the same facts.
    expect(new Set(await typesOf(withdrawn))).toEqual(new Set(['received', 'withdrawn']));
    await shows(corrected, { state: 'received', correctionsLeft: 1 });
    await shows(withdrawn, { state: 'withdrawn' });
  });

  it('gives the same rows when the journal is replayed in any order, with repeats', async () => {
    const replayed = async (round: number, database: string): Promise<unknown> => {
      const history = await messages();
      const copy = await postgres.ensureDatabase(database, 'voucher');
      const store = createStore({ connectionString: copy, campaignId });
      await store.migrate();
      // A fixed shuffle, another one each round; every third message twice.
      const key = ({ shard, sequence }: Message): number => ((sequence * 7919 + shard * 104_729) * (round + 3)) % 1_009;
      const shuffled = [...history, ...history.filter((_, index) => index % 3 === round)].toSorted(
        (a, b) => key(a) - key(b),
      );
      for (let from = 0; from < shuffled.length; from += 7) {
        await store.commit({ events: shuffled.slice(from, from + 7), rejected: [] }, never);
      }
      await store.close();
      return recordsOf(copy, campaignId);
    };
    for (let round = 0; round < 3; round += 1) {
      let tries = 0;
      // A copy of the outage may still be on its way into journal or database.
      const same = async (): Promise<void> => {
        tries += 1;
        expect(await replayed(round, `replay_${round}_${tries}`)).toEqual(await recordsOf(url, campaignId));
      };
      await eventuallyHolds(same, { what: `the rows of replay ${round}`, everyMs: 1_000 });
    }
  });
});
