import { describe, expect, it } from '@jest/globals';
import { MOST_SESSIONS, parseSession, sessionsInForce, sessionText, sessionUntil } from '../../../contract/review.ts';

const NOW_MS = Date.parse('2027-03-01T02:00:00Z');
const SHA = 'a'.repeat(64);
const at = (seconds: number): string => sessionUntil(NOW_MS + seconds * 1_000);
const session = (by: string, seconds: number): string => sessionText({ by, until: at(seconds), sha256: SHA });
const key = (id: string): string => `review.voucher-operator.io/${id}`;

describe('a review session', () => {
  it('is read as it is written, whatever the user is called', () => {
    for (const by of ['wang', 'system:serviceaccount:city:wang', '王 小明', 'a until 2027-03-01T02:00:00Z sha256 b']) {
      expect(parseSession(session(by, 60))).toEqual({ by, until: at(60), sha256: SHA });
    }
  });

  it.each([
    ['without a user', `by  until ${at(60)} sha256 ${SHA}`],
    ['with another form of time', `by wang until 2027-03-01T02:00:00+08:00 sha256 ${SHA}`],
    ['with a day that does not exist', `by wang until 2027-13-01T02:00:00Z sha256 ${SHA}`],
    ['with a short digest', `by wang until ${at(60)} sha256 abc`],
    ['with more behind it', `${session('wang', 60)} `],
  ])('is none %s', (_name, text) => {
    const parsed = parseSession(text);
    expect(parsed === undefined || parsed.by === '').toBe(true);
  });

  it.each([
    ['before its end', key('0123abcd'), 1, true],
    ['at its end', key('0123abcd'), 0, false],
    ['for 8 hours', key('0123abcd'), 8 * 3_600, true],
    ['for longer, beyond what clocks differ by', key('0123abcd'), 8 * 3_600 + 301, false],
    ['with another id', key('xyz'), 60, false],
    ['of another annotation', 'voucher-operator.io/0123abcd', 60, false],
  ])('is in force %s: %#', (_name, name, seconds, isInForce) => {
    expect(Object.keys(sessionsInForce({ [name]: session('wang', seconds) }, NOW_MS))).toHaveLength(isInForce ? 1 : 0);
  });

  it('of many, those that end last are left out', () => {
    const many = Array.from({ length: MOST_SESSIONS + 2 }, (_, index) => [
      key(index.toString(16).padStart(8, '0')),
      session('wang', 1_000 - index),
    ]);
    const inForce = sessionsInForce(Object.fromEntries(many), NOW_MS);
    expect(Object.keys(inForce)).toHaveLength(MOST_SESSIONS);
    expect(inForce['00000000']).toBeUndefined();
    expect(inForce['00000001']).toBeUndefined();
  });
});
