import { describe, expect, it } from '@jest/globals';
import type { LoginSystem } from '../../../app/login/ports.ts';
import { createEntrances } from '../../../app/login/systems.ts';
import type { LoginSystem as LoginSystemSpec } from '../../../contract/types/login.ts';

const spec = (name: string, over: Partial<LoginSystemSpec> = {}): LoginSystemSpec => ({
  name,
  type: 'Oidc',
  url: 'https://id.example',
  clientId: 'vouchers',
  claims: { name: 'name', idNumber: 'id_number' },
  requestsPerSecond: 10,
  ...over,
});
const system = (name: string): LoginSystem => ({
  name,
  begin: async () => new URL('https://id.example'),
  finish: async () => ({ kind: 'refused', reason: 'no code' }),
});

const play = () => {
  const made: string[] = [];
  const world = { made, broken: new Set<string>() };
  const entrances = createEntrances(async ({ name, clientId }) => {
    if (world.broken.has(name)) throw new Error(`no keys of ${name}`);
    made.push(`${name} ${clientId}`);
    return system(name);
  });
  return Object.assign(world, { entrances });
};

describe('the systems of the spec', () => {
  it('are made once, and anew when more than the rate changes', async () => {
    const { entrances, made } = play();
    await entrances.follow([spec('city'), spec('other')]);
    const before = entrances.find('city');
    await entrances.follow([spec('city', { requestsPerSecond: 99 }), spec('other', { clientId: 'new' })]);
    expect(made).toEqual(['city vouchers', 'other vouchers', 'other new']);
    expect(entrances.find('city')).toBe(before);
    await entrances.follow([spec('other', { clientId: 'new' })]);
    expect(entrances.find('city')).toBeUndefined();
  });

  it('serve without one whose keys can’t be read, until they can', async () => {
    const { entrances, broken } = play();
    broken.add('city');
    await expect(entrances.follow([spec('city'), spec('other')])).rejects.toThrow('no keys of city');
    expect([entrances.find('city'), entrances.find('other')?.system.name]).toEqual([undefined, 'other']);
    broken.clear();
    await entrances.follow([spec('city'), spec('other')]);
    expect(entrances.find('city')?.system.name).toBe('city');
  });
});

describe('this pod’s part of a rate', () => {
  it('is a second’s worth at once, and grows again', async () => {
    const { entrances } = play();
    await entrances.follow([spec('city')]);
    const taken = (nowMs: number): number =>
      Array.from({ length: 20 }, () => entrances.find('city')?.mayBegin(5, nowMs)).filter(Boolean).length;
    expect([taken(0), taken(400), taken(10_000)]).toEqual([5, 2, 5]);
  });

  it('is one login at a time at least, however many pods share it', async () => {
    const { entrances } = play();
    await entrances.follow([spec('city')]);
    const may = (nowMs: number) => entrances.find('city')?.mayBegin(0.1, nowMs);
    expect([may(0), may(5_000), may(10_000)]).toEqual([true, false, true]);
  });

  it('leaves a place when a question fails', async () => {
    const { entrances } = play();
    await entrances.follow([spec('city')]);
    const fail = () => Promise.reject(new Error('away'));
    for (let n = 0; n < 100; n += 1) {
      await expect(entrances.find('city')?.ask(1_000, n * 1_000, fail)).rejects.toThrow('away');
    }
  });
});
