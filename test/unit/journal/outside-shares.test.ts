/** What the answers of the live bucket's leader are worth: its value, and since when it is certainly the newest one. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readValue, unprovenMsOf } from '../../../journal/live/outside-shares.ts';

const second = 1_000_000_000;
const info = (cluster?: object): string =>
  JSON.stringify({ type: 'io.nats.jetstream.api.v1.stream_info_response', cluster });
const replicas = (...active: readonly number[]): string =>
  info({ leader: 'nats-0', replicas: active.map((one) => ({ name: 'n', current: true, active: one })) });

describe('the time since when a leader was certainly the only one', () => {
  it.each<[string, string, number]>([
    ['is none for a server alone', info(), 0],
    ['is none for a stream with one replica', info({ leader: 'nats-0' }), 0],
    ['is the contact with one of two others', replicas(9 * second, 0.5 * second), 500],
    ['is the contact with the second of four others', replicas(3 * second, second, 2 * second, 9 * second), 2_000],
    ['is the contact with the only other', replicas(second), 1_000],
    ['leaves out a server that it never heard', replicas(0, second), 1_000],
  ])('%s', (_, text, ms) => {
    expect(unprovenMsOf(text)).toBe(ms);
  });

  it.each<[string, string, string]>([
    ['it never heard another one', replicas(0, 0), 'no contact with a majority'],
    ['it heard too few', replicas(second, 0, 0, 0), 'no contact with a majority'],
    ['there is no leader', info({ leader: '', replicas: [] }), 'no leader'],
    [
      'the stream is not there',
      '{"error":{"code":404,"err_code":10059,"description":"stream not found"}}',
      'stream not found',
    ],
    ['the answer is no JSON', '-ERR', 'not understood'],
    ['the answer is half', replicas(second).slice(0, -3), 'not understood'],
    ['the answer is empty', '', 'not understood'],
  ])('is unknown where %s', (_, text, problem) => {
    expect(() => unprovenMsOf(text)).toThrow(problem);
  });
});

const stored = (data: string, of: object = {}): string =>
  JSON.stringify({ message: { subject: '$KV.live_spring.shares.verification', seq: 7, data: btoa(data), ...of } });
const value = { v: 1, targets: { bureau: { perSecond: { 'pod-1': 12, 'pod-2': 13 } } } };

describe('the value in the live bucket', () => {
  it('is read with its revision', () => {
    expect(readValue(stored(JSON.stringify(value)))).toEqual({ shares: value, revision: 7 });
  });

  it('is read with what a newer operator adds', () => {
    const newer = { ...value, targets: { bureau: { ...value.targets.bureau, tomorrow: 1 } }, more: true };
    expect(readValue(stored(JSON.stringify(newer)))).toEqual({ shares: value, revision: 7 });
  });

  it.each<[string, string]>([
    ['has an unknown version', stored(JSON.stringify({ ...value, v: 2 }))],
    ['has a negative share', stored(JSON.stringify({ v: 1, targets: { bureau: { perSecond: { 'pod-1': -1 } } } }))],
    [
      'has a share that is a text',
      stored(JSON.stringify({ v: 1, targets: { bureau: { perSecond: { 'pod-1': '9' } } } })),
    ],
    ['is no JSON', stored('{"v":1')],
    ['is not UTF-8', stored('\xff\xfe')],
    ['is empty', stored('')],
    ['was deleted', stored('', { hdrs: btoa('NATS/1.0\r\nKV-Operation: DEL\r\n\r\n') })],
    [
      'was deleted, with what it was',
      stored(JSON.stringify(value), { hdrs: btoa('NATS/1.0\r\nKV-Operation: PURGE\r\n\r\n') }),
    ],
  ])('gives no shares when it %s', (_, text) => {
    expect(readValue(text)).toEqual({ shares: undefined, revision: 7 });
  });

  it('gives no shares when it is not there', () => {
    const text = '{"error":{"code":404,"err_code":10037,"description":"no message found"}}';
    expect(readValue(text)).toEqual({ shares: undefined, revision: 0 });
  });

  it.each<[string, string]>([
    [
      'another error',
      '{"error":{"code":503,"err_code":10008,"description":"JetStream system temporarily unavailable"}}',
    ],
    ['an error without a code', '{"error":{}}'],
    ['no message', '{"message":{}}'],
    ['bytes that are no base64', '{"message":{"seq":7,"data":"###"}}'],
    ['no JSON', '-ERR'],
  ])('is not known after %s', (_, text) => {
    expect(() => readValue(text)).toThrow('the live bucket');
  });

  it('never gives shares for arbitrary bytes, and throws nothing but an Error', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        try {
          expect(readValue(text).shares).toBeUndefined();
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
          expect(String(error)).toContain('the live bucket');
        }
      }),
    );
  });
});
