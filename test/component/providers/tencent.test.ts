/** Tencent's protocol over real sockets, with every fault of the local server. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { ProviderAnswer } from '../../../app/verification/ports.ts';
import { citizenOf } from '../../../local/load/citizen.ts';
import { FAULTS, type FaultRequest, faultsBody } from '../../../local/providers/faults.ts';
import type { ProviderServer, ProviderServerOptions } from '../../../local/providers/server.ts';
import { startTencentServer } from '../../../local/providers/tencent-server.ts';
import { sourceErrorsOf, truthOf } from '../../../local/providers/truth.ts';
import { systemClock } from '../../../runtime/clock.ts';
import { personalDataScan } from '../../helpers/personal-data-scan.ts';
import {
  type Client,
  clientOf,
  hurried,
  KEYS,
  LEAVES_AN_ANSWER,
  people,
  person,
  wrongClock,
} from './provider-world.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const world = async (options: Partial<ProviderServerOptions> = {}, clientKeys = KEYS, clock = systemClock) => {
  const keys = { ...KEYS };
  const server = await startTencentServer(() => keys, options);
  const client = await clientOf('TencentIdCard', server.url, clock, clientKeys);
  closers.push(server.close, client.remove);
  return { keys, server, client };
};

const faults = (server: ProviderServer, ...wanted: FaultRequest[]): void =>
  server.setFaults(faultsBody.parse({ faults: wanted }).faults);
const kinds = (answers: readonly ProviderAnswer[]): string[] => answers.map(({ kind }) => kind);
const isVerdict = ({ kind }: ProviderAnswer): boolean => ['match', 'mismatch', 'no_record'].includes(kind);

describe('a question', () => {
  it.each(['match', 'mismatch', 'no_record'] as const)('is answered: %s', async (truth) => {
    const { client, server } = await world();
    expect(await client.ask(person(truth))).toMatchObject({ kind: truth });
    expect(server.counts()).toMatchObject({ requests: 1, results: { [truth]: 1 }, questions: 1 });
  });

  it('is retried while the source fails, and then answered', async () => {
    const { client } = await world();
    const troubled = Array.from({ length: 500 }, (_, i) => citizenOf(5, i)).find((c) => sourceErrorsOf(c.idNumber) > 1);
    if (troubled === undefined) throw new Error('no such person');
    for (let i = 0; i < sourceErrorsOf(troubled.idNumber); i += 1)
      expect(await client.ask(troubled)).toMatchObject({ kind: 'retry' });
    expect(await client.ask(troubled)).toMatchObject({ kind: 'match' });
  });

  it('is signed in its normal form, with a name beyond the BMP', async () => {
    const { client, server } = await world();
    const { idNumber } = person('match');
    const rare = String.fromCodePoint(0x2a6b2, 0x20bb7);
    // Middle dots of phones and of people, a space, an invisible character: one name.
    const spellings = ['\u00B7', '\u2022', '\u30FB', '\uFF0E', '\u2027', ' \u00B7 ', '\u200B\u00B7'];
    for (const dot of spellings)
      expect(await client.ask({ name: `买买提${dot}${rare}`, idNumber })).toMatchObject({ kind: 'match' });
    expect(await client.ask({ name: `买买提·${rare}`, idNumber: ` ${idNumber.toLowerCase()} ` })).toMatchObject({
      kind: 'match',
    });
    const counts = server.counts();
    expect(counts.questions).toBe(1);
    expect(Object.values(counts.askedMoreThanOnce)).toEqual([spellings.length + 1]);
  });

  it('about another document is not sent', async () => {
    const { client, server } = await world();
    const { signal } = new AbortController();
    const question = { name: '张三', idType: 'PASSPORT', idNumber: 'E12345678', requestId: 'R1' };
    expect(await client.provider.verify(question, signal)).toEqual({
      kind: 'no_record',
      code: 'id_type_not_supported',
    });
    expect(server.counts().requests).toBe(0);
  });

  it('ends with the signal’s reason', async () => {
    const { client, server } = await world();
    faults(server, { kind: 'hang' });
    const stop = new AbortController();
    const asked = client.ask(person('match'), stop.signal);
    stop.abort(new Error('the pod ends'));
    await expect(asked).rejects.toThrow('the pod ends');
    await expect(client.ask(person('match'), stop.signal)).rejects.toThrow('the pod ends');
  });

  it('uses a connection again', async () => {
    const { client, server } = await world();
    for (const one of people('match', 20)) await client.ask(one);
    expect(server.counts().connections).toBeLessThan(5);
  });
});

describe('a fault of the provider', () => {
  it.each(FAULTS.filter((kind) => !LEAVES_AN_ANSWER.includes(kind)))(
    '%s is retried, and never a verdict',
    async (kind) => {
      const { client, server } = await world({}, KEYS, hurried);
      const mismatch = person('mismatch');
      faults(server, { kind, times: 2 });
      for (let i = 0; i < 2; i += 1) expect(await client.ask(mismatch)).toMatchObject({ kind: 'retry' });
      expect(await client.settled(mismatch)).toMatchObject({ kind: 'mismatch' });
      expect(server.counts().faults).toEqual({ [kind]: 2 });
    },
  );

  it('slow, but in time, is answered', async () => {
    const { client, server } = await world();
    faults(server, { kind: 'slow', delayMs: 20 });
    expect(await client.ask(person('mismatch'))).toMatchObject({ kind: 'mismatch' });
  });

  it('an answer after the deadline is no answer, to this question nor to the next', async () => {
    const { client, server } = await world({}, KEYS, hurried);
    faults(server, { kind: 'slow', delayMs: 800, times: 1 });
    expect(await client.ask(person('mismatch'))).toEqual({ kind: 'retry', reason: 'no response within 5000 ms' });
    for (let i = 0; i < 5; i += 1) {
      expect(await client.settled(person('match'))).toMatchObject({ kind: 'match' });
      await delay(100);
    }
  });

  it.each(['twice', 'again'] as const)(
    'an answer that is sent %s is never the answer to another question',
    async (kind) => {
      const { client, server } = await world();
      faults(server, { kind, share: 0.5 });
      const [matches, mismatches] = [people('match', 20), people('mismatch', 20)];
      // In an order that no number of connections repeats.
      const asked = matches.flatMap((one, i) =>
        i % 3 === 0 ? [one, mismatches[i] ?? one] : [mismatches[i] ?? one, one],
      );
      let verdicts = 0;
      for (const one of asked) {
        const answer = await client.ask(one);
        if (!isVerdict(answer)) continue;
        verdicts += 1;
        expect(answer.kind).toBe(truthOf(one));
      }
      expect(verdicts).toBeGreaterThan(10);
    },
  );

  it('no server at all is retried', async () => {
    const { client, server } = await world();
    await server.close();
    expect(await client.ask(person('match'))).toEqual({ kind: 'retry', reason: 'connection failed: ECONNREFUSED' });
  });

  it('a mixture of all of them leads to no wrong verdict, and leaves no personal data in what is said', async () => {
    const { client, server } = await world({ limits: { perSecond: 1_000_000 } }, KEYS, hurried);
    const crowd = 400;
    faults(server, ...FAULTS.filter((kind) => kind !== 'hang').map((kind) => ({ kind, share: 0.06, delayMs: 30 })));
    const said: string[] = [];
    const settle = async (index: number): Promise<void> => {
      const citizen = citizenOf(7, index);
      for (;;) {
        const answer = await client.ask(citizen);
        said.push(JSON.stringify(answer));
        if (!isVerdict(answer)) continue;
        expect(answer.kind).toBe(truthOf(citizen));
        return;
      }
    };
    for (let start = 0; start < crowd; start += 20)
      await Promise.all(Array.from({ length: 20 }, (_, i) => settle(start + i)));
    const scan = personalDataScan(7, crowd);
    scan.text('answers', said.join('\n'));
    scan.text('counts', JSON.stringify(server.counts()));
    expect(scan.findings).toEqual([]);
    expect(scan.scannedBytes).toBeGreaterThan(10_000);
    // The check itself finds what it looks for.
    scan.text('planted', citizenOf(7, 3).idNumber);
    expect(scan.findings).toHaveLength(1);
  });
});

describe('a limit', () => {
  it('per second is retried in the next one', async () => {
    const frozen = Date.now();
    const { client, server } = await world({ nowMs: () => frozen, limits: { perSecond: 5 } });
    const answers = await Promise.all(people('match', 8).map((one) => client.ask(one)));
    expect(kinds(answers).filter((kind) => kind === 'match')).toHaveLength(5);
    expect(answers.filter(({ kind }) => kind === 'retry')).toEqual(
      Array.from({ length: 3 }, () => ({ kind: 'retry', reason: 'RequestLimitExceeded', retryAfterMs: 1_000 })),
    );
    expect(server.counts().perSecond).toEqual([{ second: Math.floor(frozen / 1_000), requests: 8, throttled: 3 }]);
  });

  it('per day is the quota', async () => {
    const { client } = await world({ limits: { perSecond: 100, perDay: 2 } });
    const answers: ProviderAnswer[] = [];
    for (const one of people('match', 3)) answers.push(await client.ask(one));
    expect(kinds(answers)).toEqual(['match', 'match', 'quota']);
  });

  it('of one name waits for tomorrow, and other names go on', async () => {
    const { client } = await world({ limits: { perSecond: 100, perName: 1 } });
    const [first, second] = people('match', 2);
    if (first === undefined || second === undefined) throw new Error('no people');
    expect(await client.ask(first)).toMatchObject({ kind: 'match' });
    const again = await client.ask({ ...second, name: first.name });
    expect(again).toMatchObject({ kind: 'retry', reason: expect.stringContaining('-7') });
    expect(again).toHaveProperty('retryAfterMs');
    expect(await client.ask(second)).toMatchObject({ kind: 'match' });
  });
});

describe('credentials', () => {
  const refusal = async (client: Client): Promise<string> => {
    const answer = await client.ask(person('match'));
    expect(answer.kind).toBe('refused');
    return JSON.stringify(answer);
  };

  it('that are wrong refuse all questions, and the reason names the key but not its value', async () => {
    const id = await world({}, { ...KEYS, secretId: 'AKIDOTHER' });
    expect(await refusal(id.client)).toContain('secret-id');
    const key = await world({}, { ...KEYS, secretKey: 'another-key' });
    const reason = await refusal(key.client);
    expect(reason).toContain('secret-key');
    expect(reason).not.toContain('another-key');
  });

  it.each([-301_000, 301_000])(
    'signed by a clock that is %i ms wrong are refused because of the clock',
    async (offsetMs) => {
      const { client } = await world({}, KEYS, wrongClock(offsetMs));
      expect(await refusal(client)).toContain('clock');
    },
  );

  it.each([-290_000, 290_000])('signed by a clock that is %i ms wrong are accepted', async (offsetMs) => {
    const { client } = await world({}, KEYS, wrongClock(offsetMs));
    expect(await client.ask(person('match'))).toMatchObject({ kind: 'match' });
  });

  it('that are rotated work without a restart', async () => {
    const { client, keys } = await world();
    expect(await client.ask(person('match'))).toMatchObject({ kind: 'match' });
    keys.secretKey = 'local-key-2';
    expect(await refusal(client)).toContain('secret-key');
    await client.rotate('local-key-2');
    expect(await client.ask(person('match'))).toMatchObject({ kind: 'match' });
  });
});

describe('the count of the local provider', () => {
  it('names a question whose verdict was sent twice, by digest', async () => {
    const { client, server } = await world();
    const [first, second] = people('match', 2);
    if (first === undefined || second === undefined) throw new Error('no people');
    for (const one of [first, second, first]) await client.ask(one);
    const counts = server.counts();
    expect(Object.values(counts.answeredMoreThanOnce)).toEqual([2]);
    expect(JSON.stringify(counts)).not.toContain(first.idNumber);
  });

  it('does not name a question whose first answer was spoiled', async () => {
    const { client, server } = await world();
    faults(server, { kind: 'half', times: 1 });
    for (let i = 0; i < 2; i += 1) await client.ask(person('match'));
    expect(server.counts().answeredMoreThanOnce).toEqual({});
    expect(Object.values(server.counts().askedMoreThanOnce)).toEqual([2]);
  });

  it('and its faults are reached over HTTP', async () => {
    const { client, server } = await world();
    const posted = await fetch(`${server.url}/_faults`, {
      method: 'POST',
      body: '{"faults":[{"kind":"status","status":502}]}',
    });
    expect(posted.status).toBe(200);
    expect(await client.ask(person('match'))).toEqual({ kind: 'retry', reason: 'status 502' });
    const wrong = await fetch(`${server.url}/_faults`, { method: 'POST', body: '{"faults":[{"kind":"fire"}]}' });
    expect(wrong.status).toBe(400);
    const counts = await (await fetch(`${server.url}/_counts`)).json();
    expect(counts).toMatchObject({ requests: 1, faults: { status: 1 } });
  });
});
