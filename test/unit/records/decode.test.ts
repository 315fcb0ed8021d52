import { describe, expect, it } from '@jest/globals';
import { encodeEnvelope } from '../../../app/core/envelope-schema.ts';
import { decodeMessage, MAX_MESSAGE_BYTES } from '../../../app/records/decode.ts';
import { receivedEvent } from '../../helpers/records.ts';

const bytes = (change: Readonly<Record<string, unknown>>): Uint8Array =>
  Buffer.from(JSON.stringify({ ...receivedEvent(), ...change }));

describe('a message of the journal', () => {
  it('is an event when it is whole', () => {
    const event = receivedEvent();
    expect(decodeMessage(encodeEnvelope(event), 'spring')).toEqual({ kind: 'event', event });
  });

  it('has the members of its data in one order, whatever order they came in', () => {
    const event = receivedEvent();
    const reversed = { ...event, data: Object.fromEntries(Object.entries(event.data).reverse()) };
    expect(JSON.stringify(decodeMessage(encodeEnvelope(reversed), 'spring'))).toBe(
      JSON.stringify({ kind: 'event', event }),
    );
  });

  it('is the same row with a fingerprint and without: old messages have none, and no table keeps it', () => {
    const event = receivedEvent();
    const fingerprinted = { ...event, data: { ...event.data, fingerprint: event.receipt } };
    expect(decodeMessage(encodeEnvelope(fingerprinted), 'spring')).toEqual({ kind: 'event', event });
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
    expect(decodeMessage(data, 'spring')).toEqual({ kind: 'rejected', rejection, reason });
  });
});
