import { describe, expect, it } from '@jest/globals';
import { encodeEnvelope } from '../../../contract/envelope-schema.ts';
import type { AcceptanceLookup } from '../../../journal/publishing.ts';
import { acceptanceOf, isSettled, joinStored } from '../../../journal/receipts/acceptances.ts';
import { readStoredMessage } from '../../../journal/receipts/stored.ts';
import { instant, receiptOf, receivedEvent } from '../../helpers/records.ts';

const event = receivedEvent();
const stored = (change: object = {}): string =>
  JSON.stringify({
    message: {
      seq: 1,
      data: Buffer.from(encodeEnvelope({ ...event, ...change })).toString('base64'),
      time: `${event.at.slice(0, -1)}000001Z`,
    },
  });

describe('what a shard says of a receipt', () => {
  const fingerprint = receiptOf('body');
  const rows: Record<string, readonly [string, AcceptanceLookup]> = {
    'its message': [stored({ data: { ...event.data, fingerprint } }), { kind: 'accepted', at: event.at, fingerprint }],
    'a message from before there were fingerprints': [
      stored(),
      { kind: 'accepted', at: event.at, fingerprint: undefined },
    ],
    'no message found': [
      '{"error":{"code":404,"err_code":10037,"description":"no message found"}}',
      { kind: 'absent' },
    ],
    'a message whose clock was wrong, at the time of the journal': [
      stored({ at: '2020-01-01T00:00:00.000Z' }),
      { kind: 'accepted', at: event.at, fingerprint: undefined },
    ],
    // Not the same as having nothing: a stream that is gone was there.
    'stream not found': ['{"error":{"code":404,"err_code":10059}}', { kind: 'unavailable' }],
    'another error': ['{"error":{"code":500}}', { kind: 'unavailable' }],
    'the message of another receipt': [stored({ receipt: receiptOf('other') }), { kind: 'unavailable' }],
    'bytes that are no message': ['{"message":{"data":"eA=="}}', { kind: 'unavailable' }],
    'no JSON': ['-ERR', { kind: 'unavailable' }],
  };
  it.each(Object.entries(rows))('%s', (_name, [text, answer]) => {
    expect(acceptanceOf(readStoredMessage(text, event.receipt), Date.parse(event.at))).toEqual(answer);
  });

  it('that was stored a millisecond too late is late', () => {
    const answer = acceptanceOf(readStoredMessage(stored(), event.receipt), Date.parse(event.at) - 1);
    expect(answer).toEqual({ kind: 'late' });
  });
});

describe('what the shards say together', () => {
  const accepted = (n: number): AcceptanceLookup => ({ kind: 'accepted', at: instant(n), fingerprint: undefined });
  const absent: AcceptanceLookup = { kind: 'absent' };
  const unavailable: AcceptanceLookup = { kind: 'unavailable' };
  const late: AcceptanceLookup = { kind: 'late' };
  const rows: readonly (readonly [readonly (AcceptanceLookup | undefined)[], AcceptanceLookup | undefined])[] = [
    [[absent, absent, absent], absent],
    [[absent, unavailable, absent], unavailable],
    [[unavailable, accepted(2), absent], accepted(2)],
    [[accepted(2), accepted(1), unavailable], accepted(1)],
    [[accepted(1), accepted(2)], accepted(1)],
    [[late, absent], late],
    [[late, accepted(2)], accepted(2)],
    [[late, unavailable], unavailable],
  ];
  it.each(rows)('%j is %j', (answers, together) => {
    expect(
      joinStored(
        answers.filter((one) => one !== undefined),
        true,
      ),
    ).toEqual(together);
  });

  it('is not that there is nothing while something may be on its way', () => {
    expect(joinStored([absent, absent], false)).toEqual(unavailable);
    expect(joinStored([late, absent], false)).toEqual(unavailable);
    expect(joinStored([absent, accepted(1)], false)).toEqual(accepted(1));
  });

  it.each([
    ['answers', 30, true],
    ['answers', 29, false],
    ['no_leader', 60, false],
    ['unknown', 60, false],
  ])('nothing is on its way where the journal is found as %s for %i s: %s', (state, seconds, settled) => {
    expect(isSettled({ state, seconds })).toBe(settled);
  });
});
