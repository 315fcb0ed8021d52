/** The waiting room as citizens meet it: tickets, turns, admissions, and registrations that carry them. */
import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { LiveSettings } from '../../../contract/app-contract.ts';
import { PER_ADMISSION } from '../../../contract/crowd/queue.ts';
import { createFakeQueue, type FakeQueue } from '../../helpers/fake-queue.ts';
import {
  type Answer,
  bodyOf,
  calmGuard,
  NOW_MS,
  settingsOf,
  type TestIntake,
  testIntake,
} from '../../helpers/intake.ts';

const SEED = '0'.repeat(64);
const iso = (ms: number): string => new Date(ms).toISOString();
const OPENS_MS = Date.parse('2026-10-01T00:00:00Z');

interface Over {
  readonly admissionPerSecond?: number;
  readonly enabled?: boolean;
  readonly more?: Partial<LiveSettings>;
}

const settings = ({ admissionPerSecond = 1_000, enabled = true, more = {} }: Over = {}): LiveSettings =>
  settingsOf({
    traffic: {
      admissionPerSecond,
      intakePods: 1,
      burstSeconds: 1,
      waitingRoom: { enabled, preQueueMinutes: 30 },
    },
    ...more,
  });

let clockMs = 0;
let queue: FakeQueue;
let intake: TestIntake;

const newIntake = (): TestIntake => {
  const made = testIntake(calmGuard(), [], { queue, monotonicMs: () => clockMs });
  made.world.settings = settings();
  return made;
};

beforeEach(() => {
  clockMs = 1_000_000;
  queue = createFakeQueue();
  intake = newIntake();
});

/** Of every pod. */
const later = (seconds: number, pods: readonly TestIntake[] = [intake]): void => {
  clockMs += seconds * 1000;
  for (const { world } of pods) world.nowMs += seconds * 1000;
};

const open = (ratePerSecond = 10, base = 0): void => {
  queue.shuffled({ seed: SEED, count: 0 });
  queue.pace({ base, ratePerSecond, since: iso(intake.world.nowMs) });
};
/** So many citizens with tickets are ahead of those who come now. */
const crowd = (ahead: number): Promise<unknown> => queue.claim(ahead, 0);

const serving = (pod = intake): Promise<Answer> => pod.get('/api/v1/queue/serving');
const takeTicket = (headers = {}, pod = intake): Promise<Answer> => pod.postTo('/api/v1/queue/tickets', {}, headers);
const askAdmission = (ticket: unknown, pod = intake): Promise<Answer> =>
  pod.postTo('/api/v1/queue/admissions', {}, { 'x-queue-ticket': String(ticket) });
const metric = async (name: string, pod = intake): Promise<number> =>
  Number(new RegExp(`^${name}(?:{[^}]*})? (.+)$`, 'm').exec(await pod.registry.metrics())?.[1]);
const attempts = async (outcome: string): Promise<number> =>
  metric(`voucher_intake_arrivals_total\\{outcome="${outcome}"\\}`);

describe('without a waiting room', () => {
  it.each([
    ['off', settings({ enabled: false })],
    ['not stated', settingsOf()],
  ])('that is %s its paths do not exist, and a refusal has no ticket', async (_, off) => {
    const traffic = { ...off.traffic, admissionPerSecond: 0.0001 };
    intake.world.settings = { ...off, traffic };
    open();
    await crowd(100);
    expect((await serving()).status).toBe(404);
    expect((await takeTicket()).status).toBe(404);
    expect((await askAdmission('x')).status).toBe(404);
    expect((await intake.post(bodyOf(1))).status).toBe(201);
    const refused = await intake.post(bodyOf(2));
    expect(refused.status).toBe(503);
    expect(refused.json).not.toHaveProperty('ticket');
    expect(refused.headers.has('set-cookie')).toBe(false);
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(3);
  });
});

describe('while no one waits', () => {
  it('a registration needs no ticket and no other request', async () => {
    open();
    expect((await intake.post(bodyOf(1))).status).toBe(201);
    expect((await serving()).json).toMatchObject({ mode: 'open', ratePerSecond: 10 });
    expect(queue.blocks).toEqual([]);
  });

  it('the one for whom there is no token gets a ticket in the refusal, and is served next', async () => {
    intake.world.settings = settings({ admissionPerSecond: 1 });
    open(1);
    expect((await intake.post(bodyOf(1))).status).toBe(201);
    const refused = await intake.post(bodyOf(2));
    expect(refused.status).toBe(503);
    expect(refused.json).toMatchObject({
      code: 'ADMISSION_LIMITED',
      number: 1,
      position: 1,
      etaSeconds: 1,
      etaBand: { least: 0, most: 30 },
      pollAfterSeconds: 1,
      detail: expect.stringContaining('排队'),
    });
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(refused.headers.get('set-cookie')).toMatch(
      new RegExp(`^vc_ticket=${refused.json['ticket']}; Path=/; Max-Age=\\d+; HttpOnly; Secure; SameSite=Lax$`),
    );
    // Meanwhile all others wait, too, although a token may be there.
    later(0.9);
    const other = await intake.post(bodyOf(3));
    expect(other.json).toMatchObject({ number: 2, position: 2 });
    later(1);
    const cookie = { cookie: `a=b; vc_ticket=${refused.json['ticket']}` };
    expect((await intake.post(bodyOf(2), cookie)).status).toBe(201);
  });
});

describe('serving', () => {
  it('is one answer for everyone, and may be cached for a second', async () => {
    open(2_000);
    await crowd(500_000);
    later(10);
    const { json, headers, text } = await serving();
    expect(json).toEqual({
      serving: 20_000,
      ratePerSecond: 2_000,
      asOf: iso(NOW_MS + 10_000),
      mode: 'queueing',
      pollAfterSeconds: 20,
      shuffle: { seed: SEED, count: 0 },
    });
    expect(headers.get('cache-control')).toBe('public, max-age=1');
    expect(headers.has('set-cookie')).toBe(false);
    clockMs += 99;
    intake.world.nowMs += 99;
    expect((await serving()).text).toBe(text);
    clockMs += 1;
    expect((await serving()).text).not.toBe(text);
  });

  it('is the same past the router and through it', async () => {
    open();
    const direct = await serving();
    const routed = await intake.get('/api/v1/queue/serving?x=1');
    expect(routed.text).toBe(direct.text);
    expect([...routed.headers].sort()).toEqual([...direct.headers].sort());
  });

  it('ends its connection while the pod drains', async () => {
    open();
    intake.world.draining = true;
    expect((await serving()).headers.get('connection')).toBe('close');
  });

  it.each([
    ['before the pre-queue', -31 * 60, 'closed', 30],
    ['before opening', -60, 'preQueue', 5],
    ['after closing', 9 * 86_400, 'closed', 30],
  ])('%s has its mode, and its pace of questions', async (_, afterOpening, mode, pollAfterSeconds) => {
    intake.world.nowMs = OPENS_MS + afterOpening * 1000;
    expect((await serving()).json).toMatchObject({ mode, serving: 0, pollAfterSeconds });
  });
});

describe('a ticket', () => {
  beforeEach(() => open(100));

  it('is given with its place, and only once to a citizen who shows it', async () => {
    await crowd(72_000);
    const given = await takeTicket();
    expect(given.status).toBe(201);
    expect(given.json).toMatchObject({
      number: 72_001,
      position: 72_001,
      etaSeconds: 721,
      etaBand: { least: 600, most: 1_200 },
      pollAfterSeconds: 45,
    });
    expect(given.headers.get('cache-control')).toBe('no-store');
    const again = await takeTicket({ 'x-queue-ticket': String(given.json['ticket']) });
    expect(again.status).toBe(200);
    expect(again.json['ticket']).toBe(given.json['ticket']);
    const byCookie = await takeTicket({ cookie: `vc_ticket=${given.json['ticket']}` });
    expect([byCookie.status, byCookie.json['number']]).toEqual([200, 72_001]);
  });

  it('counts in any pod, though that has another memory', async () => {
    await crowd(1_000);
    const { json } = await takeTicket();
    const other = newIntake();
    other.world.nowMs = intake.world.nowMs;
    expect((await askAdmission(json['ticket'], other)).json).toMatchObject({ position: 1_001 });
    later(10.01, [intake, other]);
    expect((await askAdmission(json['ticket'], other)).status).toBe(200);
  });

  it.each(['', 'x', 'A'.repeat(39), '票'])('that is not ours (%j) is replaced, or not valid', async (text) => {
    expect((await takeTicket({ cookie: `vc_ticket=${encodeURIComponent(text)}` })).status).toBe(201);
    const { status, json } = await askAdmission(encodeURIComponent(text));
    expect([status, json['code']]).toEqual([422, 'TICKET_INVALID']);
  });

  it('in a bad header does not hide a good one in the cookie', async () => {
    await crowd(100);
    const { json } = await takeTicket();
    const headers = { 'x-queue-ticket': 'x', cookie: `vc_ticket=${json['ticket']}` };
    expect((await intake.postTo('/api/v1/queue/admissions', {}, headers)).json).toMatchObject({ position: 101 });
  });

  it('is not given where the journal gives no number; the next one is', async () => {
    queue.isAnswering = false;
    const refused = await takeTicket();
    expect([refused.status, refused.json['code']]).toEqual([503, 'QUEUE_UNAVAILABLE']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    queue.isAnswering = true;
    expect((await takeTicket()).status).toBe(201);
  });

  it('is not given while the queue is closed, but those that were given are served', async () => {
    await crowd(100);
    const { json } = await takeTicket();
    queue.pace({ base: 0, ratePerSecond: 100, since: iso(intake.world.nowMs), isClosed: true });
    expect((await serving()).json['mode']).toBe('closed');
    const refused = await takeTicket();
    expect([refused.status, refused.json['code']]).toEqual([503, 'QUEUE_CLOSED']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(60);
    expect((await intake.post(bodyOf(1))).json['code']).toBe('QUEUE_CLOSED');
    const ticket = String(json['ticket']);
    expect((await takeTicket({ 'x-queue-ticket': ticket })).status).toBe(200);
    later(2);
    expect((await intake.post(bodyOf(2), { 'x-queue-ticket': ticket })).status).toBe(201);
  });

  it('is not given by a contingency level’s page', async () => {
    const text = { 'zh-CN': '暂停', en: 'Paused' };
    intake.world.settings = settings({ more: { page: { title: text, text, retryAfterSeconds: 120 } } });
    expect((await takeTicket()).json['code']).toBe('REGISTRATION_PAUSED');
    expect((await askAdmission('x')).json['code']).toBe('REGISTRATION_PAUSED');
    expect((await serving()).json['mode']).toBe('closed');
  });

  it.each([
    ['before the pre-queue', OPENS_MS - 31 * 60_000, 'NOT_OPEN'],
    ['after closing', Date.parse('2026-10-09T00:00:00Z'), 'CLOSED'],
  ])('is not given %s', async (_, nowMs, code) => {
    intake.world.nowMs = nowMs;
    const { status, json } = await takeTicket();
    expect([status, json['code']]).toEqual([403, code]);
    expect(json).toHaveProperty('opensAt');
  });
});

describe('an admission', () => {
  it('is given when it is the ticket’s turn, and registers a family', async () => {
    open(100);
    await crowd(1_000);
    const { json } = await takeTicket();
    const waits = await askAdmission(json['ticket']);
    expect(waits.status).toBe(202);
    expect(waits.json).toEqual({
      position: 1_001,
      etaSeconds: 11,
      etaBand: { least: 0, most: 30 },
      pollAfterSeconds: 5,
    });
    expect(waits.headers.get('retry-after')).toBe('5');
    later(11);
    const given = await askAdmission(json['ticket']);
    expect(given.status).toBe(200);
    expect(given.json['expiresAt']).toBe(iso(intake.world.nowMs + 900_000));
    expect(given.headers.get('set-cookie')).toMatch(/^vc_admission=[\w-]{39}; .*HttpOnly; Secure/);
    // The queue behind is long.
    await crowd(50_000);
    const headers = { 'x-queue-admission': String(given.json['admission']) };
    for (let index = 0; index < PER_ADMISSION; index += 1)
      expect((await intake.post(bodyOf(index), headers)).status).toBe(201);
    const over = await intake.post(bodyOf(PER_ADMISSION), headers);
    expect(over.json).toMatchObject({ code: 'ADMISSION_LIMITED', number: expect.any(Number) });
    // Nor does its ticket, which is the same place.
    const byTicket = await intake.post(bodyOf(9), { 'x-queue-ticket': String(json['ticket']) });
    expect(byTicket.json).toMatchObject({ code: 'ADMISSION_LIMITED' });
    expect((await askAdmission(json['ticket'])).json['code']).toBe('TICKET_EXPIRED');
  });

  it('admits no more than a ticket has, however many come at once', async () => {
    open(1_000);
    const { json } = await takeTicket();
    later(1);
    await crowd(100_000);
    const headers = { 'x-queue-ticket': String(json['ticket']) };
    const answers = await Promise.all(Array.from({ length: 40 }, (_, index) => intake.post(bodyOf(index), headers)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(PER_ADMISSION);
  });

  it('expires after the time for the form', async () => {
    open(100);
    await crowd(10);
    const { json } = await takeTicket();
    later(1);
    const { json: given } = await askAdmission(json['ticket']);
    await crowd(1_000_000);
    later(899);
    const headers = { 'x-queue-admission': String(given['admission']) };
    expect((await intake.post(bodyOf(1), headers)).status).toBe(201);
    later(2);
    expect((await intake.post(bodyOf(2), headers)).status).toBe(503);
  });

  it('is not given before an earlier turn, whatever ticket is shown second', async () => {
    open(1);
    await crowd(100);
    const [first, second] = [await takeTicket(), await takeTicket()];
    later(101);
    expect((await askAdmission(first.json['ticket'])).status).toBe(200);
    expect((await askAdmission(second.json['ticket'])).status).toBe(202);
  });

  it('is not given while the journal does not answer, and the place is kept until ten minutes after it does', async () => {
    open(100);
    await crowd(10);
    const { json } = await takeTicket();
    intake.world.journalFound = { state: 'silent', seconds: 30 };
    later(1_000);
    const waits = await askAdmission(json['ticket']);
    expect([waits.status, waits.json['position']]).toEqual([202, 0]);
    intake.world.journalFound = { state: 'answers', seconds: 1 };
    expect((await askAdmission(json['ticket'])).status).toBe(200);
  });
});

describe('a place', () => {
  it('is kept for ten minutes after its turn, then the ticket is replaced', async () => {
    open(100);
    await crowd(99);
    const { json } = await takeTicket();
    // Its turn is after 1 s.
    later(601);
    expect((await askAdmission(json['ticket'])).status).toBe(200);
    later(1);
    const late = await askAdmission(json['ticket']);
    expect([late.status, late.json['code']]).toEqual([410, 'TICKET_EXPIRED']);
    const anew = await takeTicket({ 'x-queue-ticket': String(json['ticket']) });
    expect(anew.status).toBe(201);
    expect(anew.json['number']).toBeGreaterThan(100);
  });

  it('is not lost by a registration that the journal did not take', async () => {
    open(100);
    await crowd(10);
    const { json } = await takeTicket();
    later(1);
    await crowd(10_000);
    intake.world.publish = async () => ({ kind: 'unavailable', reason: 'timeout', retryAfterMs: 1_000 });
    const headers = { 'x-queue-ticket': String(json['ticket']) };
    for (let index = 0; index < 10; index += 1)
      expect((await intake.post(bodyOf(1), headers)).json['code']).toBe('JOURNAL_UNAVAILABLE');
    intake.world.publish = async () => ({ kind: 'acknowledged', shard: 0, sequence: 1, duplicate: false, attempts: 1 });
    expect((await intake.post(bodyOf(1), headers)).status).toBe(201);
  });
});

describe('before opening', () => {
  beforeEach(() => {
    intake.world.nowMs = OPENS_MS - 600_000;
  });

  it('a ticket has no place yet, and at opening the place that the seed gives it', async () => {
    const given: Answer[] = [];
    for (let index = 0; index < 10; index += 1) given.push(await takeTicket());
    expect(given[0]?.json).toMatchObject({ number: 1, position: null, etaSeconds: 600, etaBand: { least: 600 } });
    expect((await intake.post(bodyOf(1))).json['code']).toBe('NOT_OPEN');
    later(600);
    // Open, but the order is not known: the operator serves no one, and no one passes.
    queue.pace({ base: 0, ratePerSecond: 0, since: iso(OPENS_MS) });
    later(5);
    const asked = await askAdmission(given[0]?.json['ticket']);
    expect([asked.status, asked.json['position']]).toEqual([202, null]);
    expect((await serving()).json['mode']).toBe('preQueue');
    expect((await intake.post(bodyOf(1))).json).toMatchObject({ code: 'ADMISSION_LIMITED', position: null });
    queue.shuffled({ seed: SEED, count: queue.next() - 1 });
    queue.pace({ base: 0, ratePerSecond: 1, since: iso(OPENS_MS + 5_000) });
    const answers = await Promise.all(given.map(({ json }) => askAdmission(json['ticket'])));
    const positions = answers.map(({ json }) => Number(json['position']));
    expect(positions).not.toEqual([...positions].sort((a, b) => a - b));
    expect(new Set(positions).size).toBe(10);
  });
});

describe('junk', () => {
  it.each([
    ['a form', 'a=b', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['no key', '{}', { 'idempotency-key': undefined }, 400],
    ['a long body', 'x'.repeat(5_000), {}, 413],
    ['a wrong body', JSON.stringify({ ...bodyOf(1), phone: '1' }), {}, 422],
    ['broken JSON', '{"name":', {}, 400],
  ])('takes no number: %s', async (_, body, headers, status) => {
    open(1);
    await crowd(1_000);
    const before = queue.next();
    expect((await intake.post(body, headers)).status).toBe(status);
    expect(queue.next()).toBe(before);
    expect(await metric('voucher_queue_tickets_total')).toBe(0);
  });
});

describe('beside the queue', () => {
  it('a repeat of an accepted request gets its receipt without a ticket', async () => {
    open(100);
    const key = { 'idempotency-key': randomUUID() };
    const first = await intake.post(bodyOf(1), key);
    await crowd(100_000);
    const again = await intake.post(bodyOf(1), key);
    expect([again.status, again.json['receiptNo']]).toEqual([200, first.json['receiptNo']]);
    expect(await metric('voucher_queue_tickets_total')).toBe(0);
  });
});

describe('the law’s counters', () => {
  it('see a ticket as one attempt that was shed, and its holder’s registration as a return', async () => {
    open(100);
    await crowd(100);
    const { json } = await takeTicket();
    expect(await attempts('shed')).toBe(1);
    expect(await metric('voucher_queue_tickets_total')).toBe(1);
    expect(await metric('voucher_queue_last_number')).toBe(101);
    // The same ticket again, and questions about it, are no attempts.
    await takeTicket({ 'x-queue-ticket': String(json['ticket']) });
    await askAdmission(json['ticket']);
    expect(await attempts('shed')).toBe(1);
    later(2);
    await intake.post(bodyOf(1), { 'x-queue-ticket': String(json['ticket']) });
    later(1);
    expect(await attempts('accepted')).toBe(1);
    expect(await metric('voucher_queue_turns_total')).toBe(1);
    expect(await metric('voucher_intake_expected_returns_total')).toBe(1);
    expect(await metric('voucher_intake_due_back_citizens')).toBe(0);
  });

  it('count a ticket that a refusal carries once, and expect no one within seconds', async () => {
    open(1);
    await crowd(100);
    expect((await intake.post(bodyOf(1))).json).toHaveProperty('ticket');
    expect(await attempts('shed')).toBe(1);
    expect(await metric('voucher_queue_tickets_total')).toBe(1);
    expect(await metric('voucher_intake_due_back_citizens')).toBe(0);
  });

  it('count the turn of a ticket once, when its admission is given', async () => {
    open(100);
    await crowd(10);
    const { json } = await takeTicket();
    later(1);
    const { json: given } = await askAdmission(json['ticket']);
    await askAdmission(json['ticket']);
    for (let index = 0; index < 3; index += 1)
      await intake.post(bodyOf(index), { 'x-queue-admission': String(given['admission']) });
    await intake.post(bodyOf(4), { 'x-queue-ticket': String(json['ticket']) });
    expect(await metric('voucher_queue_turns_total')).toBe(1);
  });
});
