import { describe, expect, it } from '@jest/globals';
import { readAnswer } from '../../../local/load/http-client.ts';
import { loopbackOrigin } from '../../../local/load/loopback.ts';
import { type Answer, runPage, waitAfter } from '../../../local/load/page.ts';

const RECEIPT = 'ABCDEFGHJKMNPQRSTVWXYZ0123';
const half = { next: () => 0.5 };
const receipt: Answer = { kind: 'receipt', status: 201, receiptNo: RECEIPT, receiptSecret: 'x' };
const unknown: Answer = { kind: 'unknown', reason: 'ECONNRESET' };
const soon: Answer = { kind: 'busy', retryAfterMs: 1 };

describe('what an answer means to the page', () => {
  const receiptBody = JSON.stringify({ receiptNo: RECEIPT, receiptSecret: 'x', state: 'received' });
  const answers: Record<string, readonly [number, string | undefined, string, Answer]> = {
    '201 with a receipt': [201, undefined, receiptBody, receipt],
    '200 with a receipt, a repeat': [200, undefined, receiptBody, { ...receipt, status: 200 }],
    '201 without a receipt': [201, undefined, '{}', { kind: 'unknown', reason: '201 without a receipt' }],
    '201 that breaks off': [201, undefined, '{"receip', { kind: 'unknown', reason: '201 without a receipt' }],
    '503 with Retry-After': [503, '3', '', { kind: 'busy', retryAfterMs: 3000 }],
    '503 without Retry-After': [503, undefined, '', { kind: 'busy', retryAfterMs: 1000 }],
    '503 with an absurd Retry-After': [503, '86400', '', { kind: 'busy', retryAfterMs: 30_000 }],
    '429': [429, '2', '', { kind: 'busy', retryAfterMs: 2000 }],
    '500': [500, undefined, '', { kind: 'unknown', reason: 'status 500' }],
    '403 before opening': [403, undefined, '{"code":"NOT_OPEN"}', { kind: 'not_open' }],
    '403 after closing': [403, undefined, '{"code":"CLOSED"}', { kind: 'refused', status: 403, code: 'CLOSED' }],
    '422': [422, undefined, '{"code":"ID_CHECKSUM"}', { kind: 'refused', status: 422, code: 'ID_CHECKSUM' }],
    '404 without problem details': [404, undefined, '', { kind: 'refused', status: 404, code: 'UNKNOWN' }],
  };
  it.each(Object.entries(answers))('%s', (_name, [status, retryAfter, body, expected]) => {
    expect(readAnswer(status, retryAfter, body)).toEqual(expected);
  });
});

describe('how long the page waits', () => {
  it('honours Retry-After with up to half of it on top', () => {
    expect(waitAfter({ kind: 'busy', retryAfterMs: 2000 }, 1, { next: () => 0 })).toBe(2000);
    expect(waitAfter({ kind: 'busy', retryAfterMs: 2000 }, 1, half)).toBe(2500);
  });
  it('backs off further with every unknown outcome', () => {
    expect([1, 2, 3].map((attempt) => waitAfter(unknown, attempt, half))).toEqual([750, 1500, 2250]);
  });
});

describe('a page', () => {
  const play = async (answers: readonly Answer[], attempts = 5) => {
    let sent = 0;
    const outcome = await runPage(
      async () => answers[sent++] ?? unknown,
      { next: () => 0 },
      {
        attempts,
        signal: new AbortController().signal,
      },
    );
    return { outcome, sent };
  };

  it('comes again until it has a receipt, and says with which attempt', async () => {
    expect(await play([soon, soon, receipt])).toMatchObject({ outcome: { kind: 'receipt', attempt: 3 }, sent: 3 });
  });
  it('stops at a refusal', async () => {
    const refused: Answer = { kind: 'refused', status: 422, code: 'NAME_INVALID' };
    expect(await play([refused, receipt])).toEqual({
      outcome: { kind: 'refused', status: 422, code: 'NAME_INVALID', unsettled: false },
      sent: 1,
    });
  });
  it('is unsettled when the refusal came after an unknown outcome: the first try may have been taken', async () => {
    const closed: Answer = { kind: 'refused', status: 403, code: 'CLOSED' };
    expect(await play([unknown, closed])).toMatchObject({ outcome: { kind: 'refused', unsettled: true }, sent: 2 });
  });
  it('gives up after its attempts, settled when it was only shed', async () => {
    expect(await play([soon, soon, soon], 3)).toEqual({ outcome: { kind: 'gave_up', unsettled: false }, sent: 3 });
  });
  it('gives up unsettled when one outcome is unknown', async () => {
    expect(await play([unknown, soon], 2)).toEqual({ outcome: { kind: 'gave_up', unsettled: true }, sent: 2 });
  });
  it('stops waiting when the run ends', async () => {
    const stop = new AbortController();
    const outcome = runPage(
      async () => {
        stop.abort();
        return { kind: 'busy', retryAfterMs: 3_600_000 };
      },
      half,
      { attempts: 5, signal: stop.signal },
    );
    expect(await outcome).toEqual({ kind: 'gave_up', unsettled: false });
  });
});

describe('where load may go', () => {
  it.each(['http://127.0.0.1:8080', 'http://localhost:1', 'http://[::1]:9'])('%s is this machine', (url) => {
    expect(loopbackOrigin(url)).toBe(url);
  });
  it.each([
    'http://example.org',
    'http://10.0.0.1:8080',
    'http://0.0.0.0:80',
    'http://127.0.0.1.example.org',
    'http://localhost@example.org',
    'https://127.0.0.1',
    'file:///etc',
    'nonsense',
  ])('refuses %s', (url) => {
    expect(() => loopbackOrigin(url)).toThrow();
  });
  it('may be the one Service of its cluster that a pod is told of', () => {
    expect(loopbackOrigin('http://10.203.128.7', '10.203.128.7')).toBe('http://10.203.128.7');
    expect(() => loopbackOrigin('http://10.203.128.8', '10.203.128.7')).toThrow();
    expect(() => loopbackOrigin('http://93.184.215.14', '93.184.215.14')).toThrow();
    expect(() => loopbackOrigin('http://example.org', 'example.org')).toThrow();
  });
});
