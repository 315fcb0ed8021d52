/** What a verification pod answers reviewers, on a journal in memory. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import { type MemoryJournal, memoryJournal } from '../../helpers/memory-receipts.ts';
import { factEvent, receiptOf, receivedEvent } from '../../helpers/records.ts';
import { codeOf, EDITABLE_UNTIL, LI, PERSON, type ReviewWorld, reviewOn, WANG } from '../../helpers/reviews.ts';

let memory: MemoryJournal;
let pod: ReviewWorld;

const inReview = (citizen: string, atMs = 1_000): string => {
  memory.put(receivedEvent({ citizen }));
  memory.put(factEvent('manual_review', { citizen, data: { provider: 'tencent', code: '-4' }, atMs }));
  return receiptOf(`${citizen}-1`);
};
const types = (): readonly string[] => memory.stored.map(({ event }) => event.type);

beforeEach(() => {
  memory = memoryJournal();
  pod = reviewOn(memory.journal, memory.factAfter);
});

describe('a reviewer', () => {
  it('without a session learns nothing', async () => {
    const receipt = inReview('a');
    for (const action of ['list', 'show', 'accept', 'reject'] as const) {
      expect(codeOf(await pod.ask(action, 'aaaaaaaa.guessed', { receipt, reason: 'x' }))).toBe('403 SESSION_UNKNOWN');
    }
    expect(types()).toEqual(['received', 'manual_review']);
    expect(pod.reports).toEqual([
      ['list', 'SESSION_UNKNOWN', undefined],
      ['show', 'SESSION_UNKNOWN', undefined],
      ['accept', 'SESSION_UNKNOWN', undefined],
      ['reject', 'SESSION_UNKNOWN', undefined],
    ]);
  });

  it('whose session has ended learns the pod’s time', async () => {
    pod.nowMs = Date.parse('2020-09-25T02:00:00Z');
    const answer = await pod.ask('list', LI);
    expect(codeOf(answer)).toBe('403 SESSION_EXPIRED');
    expect(answer.body['message']).toBe(
      'the session ended at 2020-09-25T02:00:00Z, and it is 2020-09-25T02:00:00.000Z',
    );
  });

  it('sees a masked registration, why it is in review, and who looked before', async () => {
    const receipt = inReview('a');
    await pod.ask('show', WANG, { receipt });
    const { body } = await pod.ask('show', LI, { receipt });
    expect(body).toMatchObject({
      receipt,
      state: 'manual_review',
      editableUntil: EDITABLE_UNTIL,
      masked: { name: '王**', idType: 'CN_ID', idNumber: '560*************18' },
    });
    expect((body['history'] as { why?: string }[]).map(({ why }) => why)).toEqual([
      undefined,
      'tencent: code -4',
      'show by wang',
    ]);
    expect(JSON.stringify(body)).not.toContain(PERSON.idNumber);
    expect(JSON.stringify(body)).not.toContain(PERSON.name);
  });

  it('is shown nothing when the entry can’t be stored', async () => {
    const receipt = inReview('a');
    memory.full = true;
    const answer = await pod.ask('show', LI, { receipt });
    expect(codeOf(answer)).toBe('503 JOURNAL_UNAVAILABLE');
    expect(JSON.stringify(answer.body)).not.toContain('王');
  });

  it('can’t look at a registration that was never in review', async () => {
    memory.put(receivedEvent({ citizen: 'b' }));
    expect(codeOf(await pod.ask('show', LI, { receipt: receiptOf('b-1') }))).toBe('409 NOT_IN_REVIEW');
    expect(types()).toEqual(['received']);
  });

  it('can’t look at an erased registration, although its data key still exists', async () => {
    const receipt = inReview('a');
    memory.put(factEvent('erased', { citizen: 'a' }));
    expect(codeOf(await pod.ask('show', LI, { receipt }))).toBe('409 NOT_IN_REVIEW');
    expect(types()).not.toContain('reviewed');
  });

  it('decides with an entry before the decision', async () => {
    const receipt = inReview('a');
    expect(codeOf(await pod.ask('accept', LI, { receipt, reason: ' papers seen ' }))).toBe('200');
    expect(types()).toEqual(['received', 'manual_review', 'reviewed', 'verified']);
    expect(memory.stored.map(({ event }) => event.data).slice(2)).toEqual([
      { action: 'accept', by: 'li', reason: 'papers seen' },
      { by: 'li', reason: 'papers seen', review: true },
    ]);
  });

  it('decides nothing when the entry can’t be stored', async () => {
    const receipt = inReview('a');
    memory.full = true;
    expect(codeOf(await pod.ask('accept', LI, { receipt, reason: 'papers seen' }))).toBe('503 JOURNAL_UNAVAILABLE');
    memory.full = false;
    expect(types()).toEqual(['received', 'manual_review']);
  });

  it('is overtaken by a withdrawal between look and append', async () => {
    const receipt = inReview('a');
    memory.between = () => memory.put(factEvent('withdrawn', { citizen: 'a' }));
    expect(codeOf(await pod.ask('accept', LI, { receipt, reason: 'papers seen' }))).toBe('409 NOT_IN_REVIEW');
    expect(types()).toEqual(['received', 'manual_review', 'withdrawn']);
  });

  it('is overtaken by another look, and decides all the same', async () => {
    const receipt = inReview('a');
    memory.between = () => memory.put(factEvent('reviewed', { citizen: 'a', data: { action: 'show', by: 'wang' } }));
    expect(codeOf(await pod.ask('accept', LI, { receipt, reason: 'papers seen' }))).toBe('200');
    expect(types()).toEqual(['received', 'manual_review', 'reviewed', 'reviewed', 'verified']);
  });

  it('decides until the end of changes, and no longer', async () => {
    const [a, b] = [inReview('a'), inReview('b')];
    const settings = pod.settings;
    const until = '2020-09-26T20:00:00Z';
    if (settings?.reviews?.['aaaaaaaa'] === undefined) throw new Error('no session');
    pod.settings = { ...settings, reviews: { aaaaaaaa: { ...settings.reviews['aaaaaaaa'], until } } };
    pod.nowMs = Date.parse(EDITABLE_UNTIL) - 1;
    expect(codeOf(await pod.ask('accept', LI, { receipt: a, reason: 'papers seen' }))).toBe('200');
    pod.nowMs += 1;
    expect(codeOf(await pod.ask('accept', LI, { receipt: b, reason: 'papers seen' }))).toBe('409 LIST_FROZEN');
    expect(codeOf(await pod.ask('show', LI, { receipt: b }))).toBe('200');
  });

  it.each([
    ['an empty reason', { reason: '  ' }, 'reason'],
    ['a long reason', { reason: '字'.repeat(401) }, 'reason'],
    ['a reason of two lines', { reason: 'a\nb' }, 'reason'],
    ['the name of the person in the reason', { reason: `${PERSON.name} came` }, 'reason'],
    ['the number of the person in the reason', { reason: `checked ${PERSON.idNumber}` }, 'reason'],
    ['another receipt', { receipt: 'none' }, 'receipt'],
    ['no reason', { reason: undefined }, 'reason'],
  ])('with %s is told which field', async (_name, change, field) => {
    const receipt = inReview('a');
    const answer = await pod.ask('accept', LI, { receipt, reason: 'papers seen', ...change });
    expect(codeOf(answer)).toBe('400 BAD_REQUEST');
    expect(answer.body['message']).toContain(field);
    expect(types()).toEqual(['received', 'manual_review']);
  });

  it.each([
    ['unavailable', '503 DATA_KEY_UNAVAILABLE'],
    ['destroyed', '409 NOT_IN_REVIEW'],
  ] as const)('whose data key is %s', async (kind, code) => {
    const receipt = inReview('a');
    pod.opened = kind === 'destroyed' ? { kind } : { kind, cause: new Error('bucket') };
    expect(codeOf(await pod.ask('show', LI, { receipt }))).toBe(code);
    expect(types()).toEqual(['received', 'manual_review']);
  });

  it('sees that fields can’t be read', async () => {
    const receipt = inReview('a');
    pod.opened = { kind: 'unreadable' };
    const { status, body } = await pod.ask('show', LI, { receipt });
    expect([status, body['masked']]).toEqual([200, undefined]);
  });

  it('is asked to come again while the journal does not answer, or before there are settings', async () => {
    const receipt = inReview('a');
    memory.answers = false;
    for (const action of ['list', 'show', 'accept'] as const) {
      expect(codeOf(await pod.ask(action, LI, { receipt, reason: 'x' }))).toBe('503 JOURNAL_UNAVAILABLE');
    }
    pod.settings = undefined;
    expect(codeOf(await pod.ask('list', LI))).toBe('503 STARTING');
  });
});

describe('the list', () => {
  it('has pages of 50, oldest first, and forgets what is decided', async () => {
    const receipts = Array.from({ length: 120 }, (_, index) => inReview(`c${index}`, 1_000 + index));
    const read = async (after?: unknown) => {
      const { body } = await pod.ask('list', LI, after === undefined ? {} : { after });
      return { found: (body['receipts'] as { receipt: string }[]).map((row) => row.receipt), after: body['after'] };
    };
    const first = await read();
    expect(first.found).toEqual(receipts.slice(0, 50));
    const second = await read(first.after);
    const third = await read(second.after);
    expect([...second.found, ...third.found]).toEqual(receipts.slice(50));
    expect(third.after).toBeUndefined();
    await pod.ask('reject', LI, { receipt: receipts[0], reason: 'no' });
    expect((await read()).found).toEqual(receipts.slice(1, 51));
  });

  it('shows a second review of a receipt once, with its attempt', async () => {
    const receipt = inReview('a');
    await pod.ask('list', LI);
    memory.put(factEvent('corrected', { citizen: 'a', data: { sealed: 'x' } }));
    memory.put(factEvent('manual_review', { citizen: 'a', attempt: 2, n: 2, atMs: 5_000 }));
    const { body } = await pod.ask('list', LI);
    expect(body['receipts']).toEqual([expect.objectContaining({ receipt, attempt: 2 })]);
  });

  it('says when the pod has not read everything yet', async () => {
    inReview('a');
    const slow: ReviewWorld = reviewOn(memory.journal, async (...question) => {
      slow.monotonicMs += 1_000;
      const next = await memory.factAfter(...question);
      return next === 'end' ? { kind: 'unreadable', sequence: question[2] } : next;
    });
    const { body } = await slow.ask('list', LI);
    expect(body).toMatchObject({ isComplete: false, receipts: [{ receipt: receiptOf('a-1') }] });
  });
});
