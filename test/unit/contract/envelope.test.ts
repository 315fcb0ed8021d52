import { describe, expect, it } from '@jest/globals';
import { EVENT_TYPES, type EventEnvelope, NO_CITIZEN, NO_RECEIPT } from '../../../contract/envelope.ts';
import { encodeEnvelope, parseEnvelope, receivedDataOf } from '../../../contract/envelope-schema.ts';

const event: EventEnvelope = {
  v: 1,
  id: 'A'.repeat(26),
  type: 'received',
  kind: 'citizen',
  campaignId: 'demo',
  receipt: 'A'.repeat(26),
  citizenHash: 'a'.repeat(64),
  at: '2020-09-25T01:00:00.000Z',
  site: 'default',
  keyId: '2020-09-25',
  data: { sealed: 'c2VhbGVk', channel: 'wechat', category: 'dining', locale: 'zh-CN', policyVersion: '1' },
};

describe('the envelope', () => {
  it('comes back as it went', () => {
    expect(parseEnvelope(encodeEnvelope(event))).toEqual({ kind: 'valid', event });
  });

  it('comes back with the fingerprint of its body, which older ones lack', () => {
    const fingerprinted = { ...event, data: { ...event.data, fingerprint: 'B'.repeat(26) } };
    expect(parseEnvelope(encodeEnvelope(fingerprinted))).toEqual({ kind: 'valid', event: fingerprinted });
    const broken = { ...event, data: { ...event.data, fingerprint: 'x' } };
    expect(parseEnvelope(encodeEnvelope(broken))).toMatchObject({ kind: 'invalid' });
  });

  it('of a later release counts, without the members that this one does not know', () => {
    const later = { ...event, hop: 1, data: { ...event.data, fingerprint: 'B'.repeat(26) } };
    const { hop: _unknown, ...known } = later;
    expect(parseEnvelope(Buffer.from(JSON.stringify(later)))).toEqual({ kind: 'valid', event: known });
    const parsed = parseEnvelope(Buffer.from(JSON.stringify({ ...event, data: { ...event.data, hop: { a: 1 } } })));
    if (parsed.kind !== 'valid') throw new Error(JSON.stringify(parsed));
    expect(receivedDataOf(parsed.event)).toEqual(event.data);
  });

  const cases: Record<string, { change: Record<string, unknown>; want: string }> = {
    'of version 0 is refused': { change: { v: 0 }, want: 'v:' },
    'with an instant in seconds is refused, for text order would not be time order': {
      change: { at: '2020-09-25T01:00:00Z' },
      want: 'at:',
    },
    'on a day that never was is refused': { change: { at: '2020-13-45T01:00:00.000Z' }, want: 'at:' },
    'with a type that is no word is refused': { change: { type: 'Won!' }, want: 'type:' },
    'of an unknown type and broken besides is refused': { change: { type: 'guessed', site: '' }, want: 'site:' },
    'of a registration with an attempt is refused': { change: { attempt: 1 }, want: 'attempt:' },
    'of attempt 0 is refused': { change: { type: 'rejected', attempt: 0 }, want: 'attempt:' },
    'of half an attempt is refused': { change: { type: 'rejected', attempt: 1.5 }, want: 'attempt:' },
    'of attempt 10,000 is refused': { change: { type: 'rejected', attempt: 10_000 }, want: 'attempt:' },
    'that binds no account is refused': { change: { type: 'bound' }, want: 'accountHash:' },
    'that names an account and binds none is refused': {
      change: { accountHash: 'b'.repeat(64) },
      want: 'accountHash:',
    },
    'of an account that is no hash is refused': {
      change: { type: 'bound', accountHash: 'o123' },
      want: 'accountHash:',
    },
    'that corrects nothing is refused': { change: { type: 'corrected', data: {} }, want: 'sealed:' },
    'that changes to no channel is refused': { change: { type: 'channel_changed', data: {} }, want: 'channel:' },
    'that merges into nothing is refused': { change: { type: 'merged', data: { into: 'x' } }, want: 'into:' },
    'of a barrier about a person is refused': { change: { type: 'barrier', data: {} }, want: 'receipt:' },
    'of a rule that there is not is refused': {
      change: { data: { ...event.data, uniqueness: 'perHousehold' } },
      want: 'uniqueness:',
    },
    'of a registration without its category is refused': { change: { data: { sealed: 'x' } }, want: 'category:' },
  };
  it.each(Object.entries(cases))('%s', (_name, { change, want }) => {
    const parsed = parseEnvelope(Buffer.from(JSON.stringify({ ...event, ...change })));
    expect(parsed).toEqual({ kind: 'invalid', reason: expect.stringContaining(want) });
  });

  const facts: Record<string, Partial<EventEnvelope>> = {
    'a second rejection': { type: 'rejected', attempt: 2, id: `${event.receipt}.rejected.2` },
    'a correction': { type: 'corrected', attempt: 9_999, data: { sealed: 'c2VhbGVk' } },
    'an account': { type: 'bound', accountHash: 'b'.repeat(64), data: { channel: 'alipay' } },
    'a merge': { type: 'merged', data: { into: 'B'.repeat(26), why: 'network identity' } },
    'a barrier': { type: 'barrier', receipt: NO_RECEIPT, citizenHash: NO_CITIZEN, data: { freeze: 1 } },
    'a registration with its rule': { data: { ...event.data, uniqueness: 'perCitizenAndChannel' } },
  };
  it.each(Object.entries(facts))('of %s comes back as it went', (_name, change) => {
    const fact: EventEnvelope = { ...event, ...change };
    expect(parseEnvelope(encodeEnvelope(fact))).toEqual({ kind: 'valid', event: fact });
  });

  it.each(EVENT_TYPES)('of type %s is known', (type) => {
    const of = type === 'barrier' ? { receipt: NO_RECEIPT, citizenHash: NO_CITIZEN } : {};
    const account = type === 'bound' ? { accountHash: 'b'.repeat(64) } : {};
    const data = { ...event.data, into: 'B'.repeat(26) };
    expect(parseEnvelope(encodeEnvelope({ ...event, type, ...of, ...account, data }))).toMatchObject({ kind: 'valid' });
  });

  const later: Record<string, Record<string, unknown>> = {
    'of a type that is still to come': { type: 'guessed' },
    'of a later version': { v: 2 },
    'of a later version, whatever it looks like': { v: 3, type: 'Won!', receipt: undefined, at: 5, data: [] },
  };
  it.each(Object.entries(later))('%s is of a later release', (_name, change) => {
    const sent = { ...event, ...change };
    expect(parseEnvelope(Buffer.from(JSON.stringify(sent)))).toEqual({
      kind: 'unknown',
      v: sent.v,
      type: sent.type,
      campaignId: 'demo',
    });
  });

  it('of a type that a reader of the release before does not know is of a later release to it', () => {
    expect(parseEnvelope(encodeEnvelope({ ...event, type: 'erased' }), ['received'])).toMatchObject({
      kind: 'unknown',
      type: 'erased',
    });
  });

  it('that is not JSON is refused without a word of its content', () => {
    expect(parseEnvelope(Buffer.from('11010519491231002X{'))).toEqual({
      kind: 'invalid',
      reason: 'envelope: not JSON',
    });
  });

  it('never repeats a value in the reason', () => {
    const parsed = parseEnvelope(Buffer.from(JSON.stringify({ ...event, citizenHash: '11010519491231002X' })));
    expect(JSON.stringify(parsed)).not.toContain('11010519491231002X');
  });
});
