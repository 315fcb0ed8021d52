import { describe, expect, it } from '@jest/globals';
import type { EventEnvelope } from '../../../contract/envelope.ts';
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
    if (parsed.kind === 'invalid') throw new Error(parsed.reason);
    expect(receivedDataOf(parsed.event)).toEqual(event.data);
  });

  const cases: Record<string, { change: Record<string, unknown>; want: string }> = {
    'of another version is refused': { change: { v: 2 }, want: 'v:' },
    'with an instant in seconds is refused, for text order would not be time order': {
      change: { at: '2020-09-25T01:00:00Z' },
      want: 'at:',
    },
    'on a day that never was is refused': { change: { at: '2020-13-45T01:00:00.000Z' }, want: 'at:' },
    'with an unknown type is refused': { change: { type: 'guessed' }, want: 'type:' },
    'of a registration without its category is refused': { change: { data: { sealed: 'x' } }, want: 'category:' },
  };
  it.each(Object.entries(cases))('%s', (_name, { change, want }) => {
    const parsed = parseEnvelope(Buffer.from(JSON.stringify({ ...event, ...change })));
    expect(parsed).toEqual({ kind: 'invalid', reason: expect.stringContaining(want) });
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
