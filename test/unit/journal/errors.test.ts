import { describe, expect, it } from '@jest/globals';
import { kindOfCode } from '../../../journal/errors.ts';
import { keyMemory } from '../../../journal/privacy/known-keys.ts';
import { roomText } from '../../../journal/streams/room.ts';
import { journalSpec } from '../../helpers/real-journal.ts';

describe('an error of the journal', () => {
  it.each([
    ['no room for a stream', 10_005, 'no suitable peers for placement, insufficient storage', 'capacity'],
    ['no server to place it on', 10_005, 'no suitable peers for placement, peer offline', 'unavailable'],
    ['both', 10_005, 'no suitable peers for placement, peer offline, insufficient storage', 'unavailable'],
    ['the account’s limit', 10_002, '', 'capacity'],
    ['a server’s limit', 10_023, '', 'capacity'],
    ['its storage', 10_047, '', 'capacity'],
    ['a stream that has reached its bytes', 10_077, '', 'capacity'],
    ['JetStream off', 10_076, '', 'disabled'],
    ['JetStream off for the account', 10_039, '', 'disabled'],
    ['no such stream', 10_059, '', 'notFound'],
    ['no leader', 10_008, '', 'unavailable'],
  ] as const)('is about %s', (_, code, description, kind) => {
    expect(kindOfCode(code, description)).toBe(kind);
  });
});

describe('the room that a campaign takes', () => {
  it('is told with what each server has left', () => {
    const store = { maxBytes: 8 * 2 ** 30, reservedBytes: 5 * 2 ** 30 };
    const look = { name: 'nats-0', answer: 'answered', sinceMs: 0, syncsAlways: true, problems: [], store } as const;
    expect(roomText(journalSpec(), undefined, [look], 'x')).toBe(
      "the campaign's streams reserve 24.0 GiB on each of 3 servers; nats-0 has 3.0 GiB of 8.0 GiB free (x)",
    );
    expect(roomText(journalSpec(), 2 ** 20, [], 'x')).toMatch(/reserve 35 MiB on each of 3 servers \(/);
    const withLogins = journalSpec({ hasClaims: true });
    expect(roomText(withLogins, 64 * 2 ** 20, [], 'x')).toMatch(/reserve 256 MiB on each of 3 servers \(/);
  });
});

describe('the memory of data keys', () => {
  it.each([
    ['a campaign that begins', '', [], false, { remembered: [], lost: [] }],
    ['a first key', '', ['a'], false, { remembered: ['a'], lost: [] }],
    ['another day', 'a', ['a', 'b'], false, { remembered: ['a', 'b'], lost: [] }],
    ['a key that is gone', 'a b', ['b'], false, { remembered: ['a', 'b'], lost: ['a'] }],
    ['all gone, another one made', 'a', ['b'], true, { remembered: ['a', 'b'], lost: ['a'] }],
    ['a bucket that was missing under registrations', '', [], true, { remembered: ['unnamed'], lost: ['unnamed'] }],
    ['the same a look later', 'unnamed', [], false, { remembered: ['unnamed'], lost: ['unnamed'] }],
    ['the same when a pod has written a key back', 'unnamed', ['a'], false, { remembered: ['a'], lost: [] }],
  ] as const)('of %s', (_, metadata, held, wasMissing, want) => {
    expect(keyMemory(metadata, held, wasMissing)).toEqual(want);
  });
});
