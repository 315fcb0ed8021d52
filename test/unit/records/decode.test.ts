import { describe, expect, it } from '@jest/globals';
import { decodeMessage, MAX_MESSAGE_BYTES } from '../../../app/records/decode.ts';
import { encodeEnvelope } from '../../../contract/envelope-schema.ts';
import { factEvent, receivedEvent } from '../../helpers/records.ts';

const bytes = (change: Readonly<Record<string, unknown>>): Uint8Array =>
  Buffer.from(JSON.stringify({ ...receivedEvent(), ...change }));

const STORED_AT_MS = Date.parse(receivedEvent().at) + 40;
const subjectOf = (type: string): string => `reg.spring.0.${type}.R`;
const decoded = (data: Uint8Array, storedAtMs = STORED_AT_MS, subject = subjectOf('received')) =>
  decodeMessage({ subject, data, storedAtMs }, 'spring');

describe('a message of the journal', () => {
  it('is an event when it is whole', () => {
    const event = receivedEvent();
    expect(decoded(encodeEnvelope(event))).toEqual({ kind: 'event', event });
  });

  it('has the members of its data in one order, whatever order they came in', () => {
    const event = receivedEvent();
    const reversed = { ...event, data: Object.fromEntries(Object.entries(event.data).reverse()) };
    expect(JSON.stringify(decoded(encodeEnvelope(reversed)))).toBe(JSON.stringify({ kind: 'event', event }));
  });

  it('is the same row with a fingerprint and without: old messages have none, and no table keeps it', () => {
    const event = receivedEvent();
    const fingerprinted = { ...event, data: { ...event.data, fingerprint: event.receipt } };
    expect(decoded(encodeEnvelope(fingerprinted))).toEqual({ kind: 'event', event });
  });

  it('is the same row with the rule of its hash and without', () => {
    const event = receivedEvent();
    const ruled = { ...event, data: { ...event.data, uniqueness: 'perCitizen' } };
    expect(decoded(encodeEnvelope(ruled))).toEqual({ kind: 'event', event });
  });

  it('is one fact whether it says that it is the first of its type or not', () => {
    const event = factEvent('rejected');
    const rejected = (data: Uint8Array) => decoded(data, STORED_AT_MS, subjectOf('rejected'));
    expect(rejected(encodeEnvelope({ ...event, attempt: 1 }))).toEqual({ kind: 'event', event });
    const second = factEvent('rejected', { attempt: 2 });
    expect(rejected(encodeEnvelope(second))).toEqual({ kind: 'event', event: second });
  });

  it('is unknown when a later release wrote it, and of no use to another campaign', () => {
    const guessed = decoded(bytes({ type: 'guessed' }), STORED_AT_MS, subjectOf('guessed'));
    expect(guessed).toEqual({ kind: 'unknown', v: 1, type: 'guessed' });
    expect(decoded(bytes({ v: 2 }))).toEqual({ kind: 'unknown', v: 2, type: 'received' });
    expect(decoded(bytes({ v: 2, campaignId: 'autumn' }))).toMatchObject({ rejection: 'wrong_campaign' });
  });

  it('is set aside when its account may publish another type than it claims, known or not: kept, it would be recorded one day', () => {
    expect(decoded(bytes({ type: 'won' }))).toMatchObject({ rejection: 'wrong_subject' });
    expect(decoded(bytes({ type: 'guessed' }))).toMatchObject({ rejection: 'wrong_subject' });
    expect(decoded(bytes({ v: 2, type: 'won' }))).toMatchObject({ rejection: 'wrong_subject' });
  });

  const cases: Record<string, [Uint8Array, string, string]> = {
    'is set aside when it is no JSON': [Buffer.from('{'), 'unparseable', 'envelope: not JSON'],
    'is set aside when a field is missing': [bytes({ site: undefined }), 'unparseable', 'site: invalid_type'],
    'is set aside when it belongs to another campaign': [
      bytes({ campaignId: 'autumn' }),
      'wrong_campaign',
      'campaignId: belongs to another campaign',
    ],
    'is set aside when it is larger than the streams take': [
      Buffer.alloc(MAX_MESSAGE_BYTES + 1, 0x20),
      'oversized',
      'envelope: more than 16384 bytes',
    ],
    'is set aside on 30 February, which JavaScript reads as 1 March': [
      bytes({ at: '2020-02-30T00:00:00.000Z' }),
      'unparseable',
      'at: not a canonical instant',
    ],
    'is set aside at 24 o’clock, which is another text for the same instant': [
      bytes({ at: '2020-09-25T24:00:00.000Z' }),
      'unparseable',
      'at: not a canonical instant',
    ],
    'is set aside in year 0, which no database knows': [
      bytes({ at: '0000-01-01T00:00:00.000Z' }),
      'unparseable',
      'at: not a canonical instant',
    ],
  };
  it.each(Object.entries(cases))('%s', (_name, [data, rejection, reason]) => {
    expect(decoded(data)).toEqual({ kind: 'rejected', rejection, reason });
  });
});

describe('the subject that a message came by', () => {
  it.each([
    ['its own', 'reg.spring.0.received.R', 'event'],
    ['that of a stray', 'reg.spring.2.astray.R', 'event'],
    ['that of an earlier release, without a receipt', 'reg.spring.0.received', 'event'],
    ['that of a type which its account may publish', 'reg.spring.0.withdrawn.R', 'rejected'],
    ['none of a shard', 'spring', 'rejected'],
  ])('is %s', (_, subject, kind) => {
    expect(decoded(bytes({}), STORED_AT_MS, subject).kind).toBe(kind);
  });

  it('keeps an account that may write what citizens do from writing that one has won', () => {
    expect(decoded(encodeEnvelope(factEvent('won')), STORED_AT_MS, 'reg.spring.0.received.R')).toEqual({
      kind: 'rejected',
      rejection: 'wrong_subject',
      reason: 'type: not what its subject says',
    });
  });
});

describe('the instant of a registration', () => {
  const from = (secondsAway: number): string => new Date(STORED_AT_MS + secondsAway * 1000).toISOString();
  const stamp = from(0);
  const cases: Record<string, { at: string; clock?: 'agreed'; want: string }> = {
    'is the intake’s when the journal stored it soon after': { at: from(-10), want: from(-10) },
    'is the intake’s when its clock is a little ahead': { at: from(2), want: from(2) },
    'is the journal’s when an intake was ten minutes behind': { at: from(-600), want: stamp },
    'is the journal’s when an intake was just too far behind': { at: from(-10.001), want: stamp },
    'is the journal’s when an intake was seven hours ahead': { at: from(7 * 3600), want: stamp },
    'is the intake’s when most clocks agreed with it: the journal’s is wrong': {
      at: from(-600),
      clock: 'agreed',
      want: from(-600),
    },
  };
  it.each(Object.entries(cases))('%s', (_name, { want, ...change }) => {
    const result = decoded(bytes(change));
    expect(result).toEqual({ kind: 'event', event: { ...receivedEvent(), at: want } });
  });

  it('of any other fact is what its writer says', () => {
    const event = factEvent('verified', { atMs: 0 });
    const subject = 'reg.spring.0.verified.R';
    expect(decoded(encodeEnvelope(event), STORED_AT_MS + 3_600_000, subject)).toEqual({ kind: 'event', event });
  });
});
