/** The configurable adapter against a local health code service. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { FAULTS, faultsBody } from '../../../local/providers/faults.ts';
import { startHttpProviderServer } from '../../../local/providers/http-server.ts';
import type { ProviderServerOptions } from '../../../local/providers/server.ts';
import { systemClock } from '../../../runtime/clock.ts';
import { clientOf, hurried, KEYS, LEAVES_AN_ANSWER, people, person } from './provider-world.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const world = async (options: Partial<ProviderServerOptions> = {}, clientKeys = KEYS, clock = systemClock) => {
  const keys = { ...KEYS };
  const server = await startHttpProviderServer(() => keys.secretKey, options);
  const client = await clientOf('Http', server.url, clock, clientKeys);
  closers.push(server.close, client.remove);
  return { keys, server, client };
};

describe('a described provider', () => {
  it.each(['match', 'mismatch', 'no_record'] as const)('answers by its code lists: %s', async (truth) => {
    const { client } = await world();
    expect(await client.ask(person(truth))).toMatchObject({ kind: truth });
  });

  it('has a quota by its code, and is retried for a code in no list', async () => {
    const { client } = await world({ limits: { perSecond: 1_000, perDay: 1 } });
    const [first, second] = people('match', 2);
    if (first === undefined || second === undefined) throw new Error('no people');
    expect(await client.ask(first)).toMatchObject({ kind: 'match' });
    expect(await client.ask(second)).toEqual({ kind: 'quota' });
    const busy = await world({ limits: { perSecond: 0 } });
    expect(await busy.client.ask(first)).toEqual({ kind: 'retry', reason: 'not understood: no known code' });
  });

  it('receives a name with quotation marks and rare characters as it is', async () => {
    const { client, server } = await world();
    const name = `买买提·${String.fromCodePoint(0x2a6b2)}`;
    expect(await client.ask({ name, idNumber: person('match').idNumber })).toMatchObject({ kind: 'match' });
    expect(server.counts().results).toEqual({ match: 1 });
  });

  it('refuses a wrong key, until it is rotated', async () => {
    const { client } = await world({}, { ...KEYS, secretKey: 'another-key' });
    const answer = await client.ask(person('match'));
    expect(answer).toMatchObject({ kind: 'refused', reason: expect.stringContaining('secret-key') });
    expect(JSON.stringify(answer)).not.toContain('another-key');
    await client.rotate(KEYS.secretKey);
    expect(await client.ask(person('match'))).toMatchObject({ kind: 'match' });
  });

  it.each(['twice', 'again'] as const)(
    'that answers %s is never misread: each question has a connection',
    async (kind) => {
      const { client, server } = await world();
      server.setFaults(faultsBody.parse({ faults: [{ kind }] }).faults);
      const [match, mismatch] = [person('match'), person('mismatch')];
      for (let i = 0; i < 5; i += 1) {
        expect(await client.ask(match)).toMatchObject({ kind: 'match' });
        expect(await client.ask(mismatch)).toMatchObject({ kind: 'mismatch' });
      }
      expect(server.counts().connections).toBe(10);
    },
  );

  it.each(FAULTS.filter((kind) => !LEAVES_AN_ANSWER.includes(kind)))(
    '%s is retried, and never a verdict',
    async (kind) => {
      const { client, server } = await world({}, KEYS, hurried);
      server.setFaults(faultsBody.parse({ faults: [{ kind, times: 1 }] }).faults);
      expect(await client.ask(person('mismatch'))).toMatchObject({ kind: 'retry' });
      expect(await client.settled(person('mismatch'))).toMatchObject({ kind: 'mismatch' });
    },
  );
});
