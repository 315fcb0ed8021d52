import { describe, expect, it } from '@jest/globals';
import { type Deciding, decideReview } from '../../../app/review/decide-review.ts';
import { maskedName, maskedNumber } from '../../../app/review/mask.ts';
import { reviewerBy } from '../../../app/review/session.ts';
import { whyOf } from '../../../app/review/words.ts';
import type { EventEnvelope, EventType } from '../../../contract/envelope.ts';
import { factEvent, instant, receivedEvent } from '../../helpers/records.ts';
import { LI, NOW_MS, sessionOf } from '../../helpers/reviews.ts';

const fact = (type: EventType, attempt = 1, data: EventEnvelope['data'] = {}): EventEnvelope =>
  factEvent(type, { attempt, n: attempt, data, atMs: attempt * 1_000 });
const byWang = { by: 'wang', reason: 'papers seen', review: true };
const accept: Deciding = { action: 'accept', by: 'wang', reason: 'papers seen' };
const reject: Deciding = { ...accept, action: 'reject' };

describe('a decision', () => {
  it.each<[string, Deciding, readonly EventEnvelope[], object]>([
    ['accepts what is in review', accept, [fact('manual_review')], { kind: 'append', type: 'verified', attempt: 1 }],
    [
      'rejects with the attempt of the review',
      reject,
      [fact('manual_review', 2), fact('rejected'), fact('corrected')],
      { kind: 'append', type: 'rejected', attempt: 2 },
    ],
    [
      'is done when it is stored already',
      accept,
      [fact('manual_review'), fact('verified', 1, byWang)],
      { kind: 'done' },
    ],
    [
      'is refused when another user decided the same',
      { ...accept, by: 'li' },
      [fact('manual_review'), fact('verified', 1, byWang)],
      { kind: 'decided', as: 'accepted', by: 'wang', at: instant(1_000) },
    ],
    [
      'is refused when it was decided otherwise',
      accept,
      [fact('manual_review'), fact('rejected', 1, byWang)],
      { kind: 'decided', as: 'rejected', by: 'wang' },
    ],
    [
      'is refused when a provider has verified it',
      accept,
      [fact('manual_review'), fact('corrected'), fact('verified')],
      { kind: 'not_in_review', state: 'verified' },
    ],
    [
      'is refused after a correction',
      accept,
      [fact('manual_review'), fact('corrected')],
      { kind: 'not_in_review', state: 'received' },
    ],
    [
      'is refused after a withdrawal',
      accept,
      [fact('manual_review'), fact('withdrawn')],
      { kind: 'not_in_review', state: 'withdrawn' },
    ],
    [
      'is refused after an erasure',
      accept,
      [fact('manual_review'), fact('erased')],
      { kind: 'not_in_review', state: 'erased' },
    ],
    ['is refused before any verdict', accept, [], { kind: 'not_in_review', state: 'received' }],
  ])('%s', (_name, deciding, facts, want) => {
    expect(decideReview(deciding, receivedEvent(), facts)).toMatchObject(want);
  });
});

describe('a mask', () => {
  it.each([
    ['王小明', '王**'],
    ['𠮷野家', '𠮷**'],
    ['阿依古丽·买买提', '阿*******'],
    ['李', '李'],
    ['', ''],
  ])('of the name %s is %s', (name, want) => {
    expect(maskedName(name)).toBe(want);
  });

  it.each([
    ['560101195001010018', '560*************18'],
    ['H12345678', 'H12****78'],
    ['C123456', 'C******'],
    ['', ''],
  ])('of the number %s is %s', (number, want) => {
    expect(maskedNumber(number)).toBe(want);
  });
});

describe('a session', () => {
  const sessions = { aaaaaaaa: sessionOf('li', 'secret of li') };
  it.each([
    ['its secret', LI, { kind: 'reviewer', by: 'li' }],
    ['no header', '', { kind: 'unknown' }],
    ['no secret', 'aaaaaaaa', { kind: 'unknown' }],
    ['an empty secret', 'aaaaaaaa.', { kind: 'unknown' }],
    ['another secret', 'aaaaaaaa.secret of wang', { kind: 'unknown' }],
    ['an unknown id', 'cccccccc.secret of li', { kind: 'unknown' }],
    ['a name of every object', 'constructor.secret of li', { kind: 'unknown' }],
    ['a long header', `aaaaaaaa.${'x'.repeat(200)}`, { kind: 'unknown' }],
  ])('with %s', (_name, header, want) => {
    expect(reviewerBy(header, sessions, NOW_MS)).toEqual(want);
  });

  it('ends', () => {
    const ended = { aaaaaaaa: sessionOf('li', 'secret of li', '2020-09-25T01:30:00Z') };
    expect(reviewerBy(LI, ended, NOW_MS)).toEqual({ kind: 'expired', until: '2020-09-25T01:30:00Z' });
    expect(reviewerBy('aaaaaaaa.wrong', ended, NOW_MS)).toEqual({ kind: 'unknown' });
  });
});

describe('the reason of a fact', () => {
  it.each<[EventEnvelope, string | undefined]>([
    [fact('manual_review', 1, { provider: 'tencent', code: '-4' }), 'tencent: code -4'],
    [fact('manual_review', 1, { reason: 'unreadable' }), "the registration can't be read"],
    [fact('verified', 1, byWang), 'by wang: papers seen'],
    [fact('reviewed', 1, { action: 'show', by: 'li' }), 'show by li'],
    [fact('withdrawn'), undefined],
  ])('%#', (event, want) => {
    expect(whyOf(event)).toBe(want);
  });
});
