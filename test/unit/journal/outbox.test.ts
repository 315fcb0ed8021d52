/** Copies that leave together, and what is made of the answers, on a clock that only the test moves. */
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Msg, NatsConnection, SubscriptionOptions } from '@nats-io/transport-node';
import { type CopyAnswer, createOutbox, readAnswer } from '../../../journal/outbox.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);

describe('the answer to a copy', () => {
  const table: Readonly<Record<string, readonly [text: string, status: number | undefined, answer: CopyAnswer]>> = {
    'an acknowledgement': ['{"stream":"S","seq":7}', undefined, { kind: 'stored', sequence: 7, duplicate: false }],
    'an acknowledgement of what was there': [
      '{"stream":"S","seq":7,"duplicate":true}',
      undefined,
      { kind: 'stored', sequence: 7, duplicate: true },
    ],
    'the word of a subject that has its message already': [
      '{"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 7"},"stream":"S","seq":0}',
      undefined,
      { kind: 'stored', sequence: 7, duplicate: true },
    ],
    'the same without a sequence, which proves nothing': [
      '{"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 0"},"stream":"S","seq":0}',
      undefined,
      { kind: 'failed', failure: 'unknown' },
    ],
    'a message id that is in process': [
      '{"error":{"code":409,"err_code":10158,"description":"duplicate message id is in process"}}',
      undefined,
      { kind: 'failed', failure: 'conflict' },
    ],
    'a subject that is in process': [
      '{"error":{"code":400,"err_code":10164,"description":"wrong last sequence"}}',
      undefined,
      { kind: 'failed', failure: 'conflict' },
    ],
    'no responders': ['', 503, { kind: 'failed', failure: 'nobody' }],
    'maximum bytes exceeded': [
      '{"error":{"code":400,"err_code":10077,"description":"maximum bytes exceeded"},"stream":"S","seq":0}',
      undefined,
      { kind: 'failed', failure: 'full' },
    ],
    'another refusal': ['{"error":{"code":503,"err_code":10008}}', undefined, { kind: 'failed', failure: 'unknown' }],
    'an error without a code': ['{"error":{}}', undefined, { kind: 'failed', failure: 'unknown' }],
    'an acknowledgement without a stream': ['{"stream":"","seq":7}', undefined, { kind: 'failed', failure: 'unknown' }],
    'an acknowledgement without a sequence': ['{"stream":"S"}', undefined, { kind: 'failed', failure: 'unknown' }],
    'no JSON': ['+OK', undefined, { kind: 'failed', failure: 'unknown' }],
    'nothing at all': ['', undefined, { kind: 'failed', failure: 'unknown' }],
  };
  it.each(Object.entries(table))('%s', (_name, [text, status, answer]) => {
    expect(readAnswer(bytes(text), status)).toEqual(answer);
  });
});

interface Sent {
  readonly atMs: number;
  readonly payload: string;
  readonly messageId: string | undefined;
  readonly expected: string | undefined;
  readonly reply: string;
}

const stage = ({ breaks = false } = {}) => {
  const sent: Sent[] = [];
  let deliver: SubscriptionOptions['callback'];
  const nats = {
    subscribe(_subject: string, options: SubscriptionOptions) {
      deliver = options.callback;
    },
    publish(_subject: string, payload: Uint8Array, options: { reply: string; headers: { get(key: string): string } }) {
      if (breaks) throw new Error('connection closed');
      const { reply, headers } = options;
      sent.push({
        atMs: Date.now(),
        payload: String(payload),
        messageId: headers.get('Nats-Msg-Id'),
        expected: headers.get('Nats-Expected-Last-Subject-Sequence'),
        reply,
      });
    },
  } as unknown as NatsConnection;
  const outbox = createOutbox({ nats, newInbox: () => '_INBOX.me.1' }, () => Date.now());
  const answers: Record<string, CopyAnswer> = {};
  return {
    sent,
    answers,
    send(name: string, withinMs = 3_000) {
      const copy = { subject: 's', messageId: `id-${name}`, payload: bytes(name), first: true, withinMs };
      void outbox.send(copy).then((answer) => {
        answers[name] = answer;
      });
    },
    async acknowledge(name: string) {
      const reply = sent.find(({ payload }) => payload === name)?.reply ?? '';
      deliver?.(null, { subject: reply, data: bytes('{"stream":"S","seq":1}') } as Msg);
      await jest.advanceTimersByTimeAsync(0);
    },
    pass: (ms: number) => jest.advanceTimersByTimeAsync(ms),
  };
};

describe('copies', () => {
  beforeEach(() => {
    jest.useFakeTimers({ now: 0 });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('leave at once when they come alone, and together when they come close', async () => {
    const { send, sent, pass } = stage();
    send('a');
    await pass(1);
    send('b');
    await pass(11);
    send('c');
    await pass(18);
    send('d');
    await pass(20);
    expect(sent.map(({ payload, atMs }) => [payload, atMs])).toEqual([
      ['a', 0],
      ['b', 24],
      ['c', 24],
      ['d', 48],
    ]);
  });

  it('leave at once after a pause', async () => {
    const { send, sent, pass } = stage();
    send('a');
    await pass(100);
    send('b');
    await pass(1);
    expect(sent.map(({ atMs }) => atMs)).toEqual([0, 100]);
  });

  it('leave before their time when a batch is full, and the next one begins its own', async () => {
    const { send, sent, pass } = stage();
    send('first');
    await pass(1);
    for (let n = 0; n < 64; n += 1) send(`full-${n}`);
    await pass(1);
    expect(sent).toHaveLength(65);
    send('next');
    await pass(20);
    expect(sent).toHaveLength(65);
    await pass(5);
    expect(sent).toHaveLength(66);
  });

  it('carry their id for the journal to tell a repeated copy by', async () => {
    const { send, sent, pass } = stage();
    send('a');
    await pass(1);
    expect(sent[0]?.messageId).toBe('id-a');
  });

  it('ask for an empty subject where there must be one message only', async () => {
    const { send, sent, pass } = stage();
    send('a');
    await pass(1);
    expect(sent[0]?.expected).toBe('0');
  });

  it('are each given their own answer', async () => {
    const { send, answers, acknowledge, pass } = stage();
    send('a');
    send('b');
    await pass(1);
    await acknowledge('b');
    expect(answers).toEqual({ b: { kind: 'stored', sequence: 1, duplicate: false } });
  });

  it('are unknown when no answer comes in time, and one that comes later says nothing', async () => {
    const { send, answers, acknowledge, pass } = stage();
    send('a', 500);
    send('b', 2_000);
    await pass(650);
    expect(answers).toEqual({ a: { kind: 'failed', failure: 'unknown' } });
    await acknowledge('a');
    await acknowledge('b');
    expect(answers).toMatchObject({ a: { kind: 'failed' }, b: { kind: 'stored' } });
  });

  it('leave no timer behind when all are answered', async () => {
    const { send, acknowledge, pass } = stage();
    send('a');
    await pass(1);
    await acknowledge('a');
    await pass(1_000);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('are unknown when the connection does not take them', async () => {
    const { send, answers, pass } = stage({ breaks: true });
    send('a');
    await pass(1);
    expect(answers).toEqual({ a: { kind: 'failed', failure: 'unknown' } });
  });
});
