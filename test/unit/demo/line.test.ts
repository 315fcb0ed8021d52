import { describe, expect, it } from '@jest/globals';
import { readAnswer, readTurn } from '../../../local/load/http-client.ts';
import { ServiceOrder, type TurnAnswer, waitForTurn } from '../../../local/load/line.ts';

const never = new AbortController().signal;

/** Answers one after the other, and how often it was asked. */
const answering = (...answers: readonly TurnAnswer[]) => {
  let asked = 0;
  return {
    ask: async (): Promise<TurnAnswer> => {
      asked += 1;
      return answers[asked - 1] ?? { kind: 'lost' };
    },
    asked: () => asked,
  };
};

describe('a citizen in the waiting room', () => {
  it('asks as often as the server says, and comes when it is their turn', async () => {
    const waits = { kind: 'waits', pollAfterMs: 1 } as const;
    const server = answering(waits, { kind: 'unknown' }, waits, { kind: 'turn', admission: 'a1' });
    expect(await waitForTurn(server.ask, 1, never)).toBe('a1');
    expect(server.asked()).toBe(4);
  });

  it('begins again when the place is lost', async () => {
    expect(await waitForTurn(answering({ kind: 'lost' }).ask, 1, never)).toBeUndefined();
  });

  it('stops waiting when the run ends', async () => {
    const server = answering();
    expect(await waitForTurn(server.ask, 60_000, AbortSignal.abort())).toBeUndefined();
    expect(server.asked()).toBe(0);
  });

  const body = JSON.stringify({ code: 'ADMISSION_LIMITED', ticket: 't1', number: 7, pollAfterSeconds: 5 });
  it('keeps the ticket of a refusal', () => {
    expect(readAnswer(503, '5', body)).toEqual({ kind: 'queued', ticket: 't1', number: 7, pollAfterMs: 5_000 });
    expect(readAnswer(503, '2', '{"code":"OVERLOADED"}')).toEqual({ kind: 'busy', retryAfterMs: 2_000 });
    // Only a refusal gives a place.
    expect(readAnswer(403, undefined, body).kind).toBe('refused');
  });

  const turns: Record<string, readonly [status: number, body: string, TurnAnswer]> = {
    'its turn': [200, '{"admission":"a1"}', { kind: 'turn', admission: 'a1' }],
    'its turn, garbled': [200, '{}', { kind: 'unknown' }],
    'not yet': [202, '{"position":4,"pollAfterSeconds":5}', { kind: 'waits', pollAfterMs: 5_000 }],
    expired: [410, '{}', { kind: 'lost' }],
    invalid: [422, '{}', { kind: 'lost' }],
    'the pod is busy': [503, '', { kind: 'unknown' }],
  };
  it.each(Object.entries(turns))('reads the answer: %s', (_, [status, text, answer]) => {
    expect(readTurn(status, text)).toEqual(answer);
  });
});

describe('the order of service', () => {
  const overtaken = (served: readonly (readonly [number: number, atMs: number])[], block?: number): number => {
    const order = new ServiceOrder(block);
    for (const [number, atMs] of served) order.served(number, atMs);
    return order.overtaken;
  };

  it('is right where citizens come in the order of their numbers, or as late as pages ask', () => {
    expect(
      overtaken(
        Array.from({ length: 1_000 }, (_, n) => [n + 1, n * 10] as const),
        0,
      ),
    ).toBe(0);
    expect(
      overtaken([
        [2_000, 0],
        [1, 8_000],
      ]),
    ).toBe(0);
  });

  it('counts who was overtaken by more than a block, and more than 8 s', () => {
    expect(
      overtaken([
        [2_000, 0],
        [1, 8_001],
        [900, 8_002],
        [1_500, 8_003],
      ]),
    ).toBe(2);
  });

  it('is found wrong where the last comes first', () => {
    const backwards = Array.from({ length: 5_000 }, (_, n) => [5_000 - n, n * 10] as const);
    expect(overtaken(backwards)).toBeGreaterThan(3_000);
  });
});
