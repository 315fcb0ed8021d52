/** Reviewers on three real nats-servers: the journal is the judge between two of them, and between them and the citizen. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { createLog } from '../../../app/log.ts';
import { wireReview } from '../../../app/roles/review.ts';
import type { RoleContext } from '../../../app/roles/role.ts';
import type { EventEnvelope, EventType } from '../../../contract/envelope.ts';
import { createHomePublisher } from '../../../journal/home-publisher.ts';
import type { ReceiptJournal, WholeReceipt } from '../../../journal/publishing.ts';
import { createFactAfter } from '../../../journal/receipts/fact-after.ts';
import { createReceiptJournal } from '../../../journal/receipts/receipt-journal.ts';
import { createJournalReplay } from '../../../journal/replay.ts';
import { readReviewEntries } from '../../../journal/review-entries.ts';
import { eventually } from '../../helpers/eventually.ts';
import { never, type RealJournal, startRealJournal } from '../../helpers/real-journal.ts';
import { factEvent, receiptOf, receivedEvent, SHARDS } from '../../helpers/records.ts';
import {
  aSettings,
  codeOf,
  EDITABLE_UNTIL,
  LI,
  NOW_MS,
  PERSON,
  type ReviewWorld,
  reviewOn,
  WANG,
} from '../../helpers/reviews.ts';

const campaignId = 'spring';
const monotonicMs = (): number => performance.now();

let journal: RealJournal;
let receipts: ReceiptJournal & WholeReceipt;
let publish: (event: EventEnvelope) => Promise<void>;
/** Two verification pods. */
let one: ReviewWorld;
let two: ReviewWorld;

beforeAll(async () => {
  journal = await startRealJournal();
  expect(await journal.ensured()).toMatchObject({ kind: 'ready' });
  const { connection } = journal;
  const common = { connection, campaignId, shards: SHARDS, monotonicMs };
  receipts = createReceiptJournal({ ...common, signal: never });
  const home = createHomePublisher(common);
  publish = (event) => home(event, never);
  const factAfter = createFactAfter({ connection, campaignId });
  one = reviewOn(receipts, factAfter);
  two = reviewOn(createReceiptJournal({ ...common, signal: never }), factAfter);
});
afterAll(() => journal?.stop());

const review = { provider: 'tencent', code: '-4' };

/** A registration that waits for a reviewer. */
const inReview = async (citizen: string): Promise<string> => {
  await publish(receivedEvent({ citizen }));
  await publish(factEvent('manual_review', { citizen, data: review, atMs: 1_000 }));
  return receiptOf(`${citizen}-1`);
};

/** What the shards hold of a receipt: types, in order. */
const stored = async (receipt: string): Promise<readonly EventEnvelope[]> => {
  const { replay } = createJournalReplay({ connection: journal.connection, campaignId });
  const found: EventEnvelope[] = [];
  for (let shard = 0; shard < SHARDS; shard += 1) {
    for await (const batch of replay(shard, 1, never)) {
      for (const { data } of batch) found.push(JSON.parse(Buffer.from(data).toString('utf8')) as EventEnvelope);
    }
  }
  return found.filter((event) => event.receipt === receipt);
};
const typesOf = (events: readonly EventEnvelope[], ...types: EventType[]): readonly string[] =>
  events.filter(({ type }) => types.includes(type)).map(({ id }) => id.slice(27));

/** As a person does it: what the journal could not answer is repeated. */
const asked = (...[world, ...request]: [ReviewWorld, ...Parameters<ReviewWorld['ask']>]) =>
  eventually(
    async () => {
      const answer = await world.ask(...request);
      return answer.status === 503 ? undefined : answer;
    },
    { what: 'an answer of the review' },
  );

describe('manual review on a real journal', () => {
  it('lists what waits, oldest first, and forgets what is decided or corrected', async () => {
    const [a, b, c] = [await inReview('list-a'), await inReview('list-b'), await inReview('list-c')];
    const listed = async (): Promise<unknown> => {
      const { body } = await asked(one, 'list', LI);
      return (body['receipts'] as { receipt: string }[]).map(({ receipt }) => receipt).toSorted();
    };
    expect(await listed()).toEqual([a, b, c].toSorted());
    expect(codeOf(await asked(one, 'accept', LI, { receipt: a, reason: 'papers seen' }))).toBe('200');
    await publish(factEvent('corrected', { citizen: 'list-b', data: { sealed: 'AAAA' }, atMs: 2_000 }));
    expect(await listed()).toEqual([c]);
    await publish(factEvent('manual_review', { citizen: 'list-b', attempt: 2, n: 2, data: review, atMs: 3_000 }));
    expect(await listed()).toEqual([b, c].toSorted());
  });

  it('stores who looked before it shows anything', async () => {
    const receipt = await inReview('show');
    const shown = await asked(one, 'show', LI, { receipt });
    expect(shown).toMatchObject({
      status: 200,
      body: { state: 'manual_review', masked: { name: '王**', idNumber: '560*************18' } },
    });
    await asked(two, 'show', WANG, { receipt });
    const listed = await readReviewEntries(journal.connection, campaignId, SHARDS, never);
    const own = listed.filter((entry) => entry.receipt === receipt);
    expect(own.map(({ by, action }) => `${action} ${by}`)).toEqual(['show li', 'show wang']);
    const entries = (await stored(receipt)).filter(({ type }) => type === 'reviewed');
    expect(entries.map(({ attempt = 1, data }) => ({ attempt, ...data }))).toEqual([
      { attempt: 1, action: 'show', by: 'li' },
      { attempt: 2, action: 'show', by: 'wang' },
    ]);
  });

  it('accepts with the reviewer’s name and reason, and a repeat changes nothing', async () => {
    const receipt = await inReview('accept');
    const wanted = { receipt, reason: 'passport seen at the counter' };
    const first = await asked(one, 'accept', LI, wanted);
    expect(first).toMatchObject({ status: 200, body: { receipt, state: 'verified', by: 'li' } });
    expect(await asked(two, 'accept', LI, wanted)).toEqual(first);
    const events = await stored(receipt);
    expect(typesOf(events, 'reviewed', 'verified', 'rejected')).toEqual(['reviewed', 'verified']);
    expect(events.find(({ type }) => type === 'verified')?.data).toEqual({
      by: 'li',
      reason: wanted.reason,
      review: true,
    });
  });

  it('rejects with the attempt of the review, and the citizen can still correct it', async () => {
    const receipt = await inReview('reject');
    expect(codeOf(await asked(one, 'reject', LI, { receipt, reason: 'another person' }))).toBe('200');
    expect(typesOf(await stored(receipt), 'rejected')).toEqual(['rejected']);
    await publish(factEvent('corrected', { citizen: 'reject', data: { sealed: 'AAAA' }, atMs: 2_000 }));
    expect(codeOf(await asked(one, 'accept', LI, { receipt, reason: 'now right' }))).toBe('409 NOT_IN_REVIEW');
    await publish(factEvent('manual_review', { citizen: 'reject', attempt: 2, n: 2, data: review, atMs: 3_000 }));
    expect(codeOf(await asked(one, 'reject', LI, { receipt, reason: 'still another person' }))).toBe('200');
    expect(typesOf(await stored(receipt), 'rejected')).toEqual(['rejected', 'rejected.2']);
  });

  it('of two reviewers at once one decides, and the other one is answered by whom', async () => {
    for (const round of Array.from({ length: 8 }, (_, index) => index)) {
      const receipt = await inReview(`race-${round}`);
      const answers = await Promise.all([
        asked(one, 'accept', LI, { receipt, reason: 'papers seen' }),
        asked(two, 'reject', WANG, { receipt, reason: 'no papers' }),
      ]);
      expect(answers.map(codeOf).toSorted()).toEqual(['200', '409 DECIDED']);
      const [accepted] = answers;
      const loser = answers.find(({ status }) => status === 409);
      const winner = accepted.status === 200 ? 'li' : 'wang';
      expect(loser?.body['message']).toContain(`by ${winner} at`);
      expect(typesOf(await stored(receipt), 'verified', 'rejected')).toHaveLength(1);
    }
  });

  it('sabotage: appended by their own subjects alone, both decisions are stored', async () => {
    const receipt = await inReview('sabotage');
    const after = { verified: 0, rejected: 0 };
    for (const type of ['verified', 'rejected'] as const) {
      const event = factEvent(type, { citizen: 'sabotage', data: { review: true } });
      expect(await receipts.append(event, after[type])).toEqual({ kind: 'stored' });
    }
    expect(typesOf(await stored(receipt), 'verified', 'rejected')).toHaveLength(2);
  });

  it('sabotage: a decision is refused when the citizen was quicker', async () => {
    const receipt = await inReview('quicker');
    const registration = await receipts.findRegistration(receipt);
    if (registration === undefined) throw new Error('not in the journal');
    const last = await receipts.last(registration);
    if (last === undefined || last === 'none') throw new Error('no fact');
    await publish(factEvent('withdrawn', { citizen: 'quicker', atMs: 2_000 }));
    const event = factEvent('verified', { citizen: 'quicker' });
    expect(await receipts.appendAfterAll(event, last.sequence)).toEqual({ kind: 'overtaken' });
    expect(codeOf(await asked(one, 'accept', LI, { receipt, reason: 'papers seen' }))).toBe('409 NOT_IN_REVIEW');
  });

  it('is wired into the tier: counted and logged, without receipt or person', async () => {
    const receipt = await inReview('wired');
    const registry = new Registry();
    const lines: string[] = [];
    const log = createLog('info', {}, { write: (line) => void lines.push(line) });
    const config = { app: { campaignId, site: 'default', shards: SHARDS } };
    const answer = wireReview({ config, registry, log } as unknown as RoleContext, {
      connection: journal.connection,
      settings: { current: aSettings },
      opener: { open: async () => ({ kind: 'opened', plaintext: Buffer.from(JSON.stringify(PERSON)) }) },
      now: () => NOW_MS,
      signal: never,
    });
    await eventually(
      async () => (await answer({ action: 'show', session: LI, body: JSON.stringify({ receipt }) })).status === 200,
      { what: 'an answer of the review' },
    );
    expect(await registry.metrics()).toContain('voucher_review_requests_total{action="show",outcome="done"} 1');
    expect(lines.join('')).toContain('"by":"li"');
    for (const secret of [receipt, PERSON.name, PERSON.idNumber, 'secret of li']) {
      expect(lines.join('')).not.toContain(secret);
    }
  });

  it('refuses decisions from the end of changes on, and stores nothing', async () => {
    const receipt = await inReview('late');
    one.nowMs = Date.parse(EDITABLE_UNTIL);
    one.settings = one.settings && {
      ...one.settings,
      reviews: { aaaaaaaa: { ...one.settings.reviews?.['aaaaaaaa'], until: '2020-09-27T00:00:00Z' } as never },
    };
    expect(codeOf(await asked(one, 'accept', LI, { receipt, reason: 'papers seen' }))).toBe('409 LIST_FROZEN');
    expect(typesOf(await stored(receipt), 'verified', 'reviewed')).toEqual([]);
  });
});
