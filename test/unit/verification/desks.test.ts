/** Which provider is asked next, how much a pod takes, and what of the spec a pod is rebuilt for. */
import { describe, expect, it } from '@jest/globals';
import { createDesks } from '../../../app/verification/desks.ts';
import { identityOf, providersOf } from '../../../app/verification/section.ts';

const target = (name: string, perSecond: number, order: number, world: { readonly blocked: readonly string[] }) => ({
  lane: {
    name,
    blocked: () => (world.blocked.includes(name) ? ('failing' as const) : undefined),
    turn: async () => true,
    sent: () => undefined,
  },
  client: { name, verify: async () => ({ kind: 'quota' as const }) },
  share: () => perSecond,
  spec: { order, weight: 1 },
});

describe('the desks', () => {
  it('of the lowest order are asked in turn, and the next order only when none of them can be asked', () => {
    const world = { blocked: [] as string[] };
    const targets = [target('a', 12, 1, world), target('b', 5.9, 1, world), target('c', 40, 2, world)];
    const desks = createDesks(() => targets);
    const chosen = () => [desks.choose(), desks.choose()].map((desk) => desk?.provider.name).toSorted();
    // Five seconds of 12 and 5.9, rounded up.
    expect([chosen(), desks.room()]).toEqual([['a', 'b'], 90]);
    world.blocked = ['a'];
    expect([chosen(), desks.room()]).toEqual([['b', 'b'], 30]);
    world.blocked = ['a', 'b'];
    expect([chosen(), desks.room()]).toEqual([['c', 'c'], 200]);
    world.blocked = ['a', 'b', 'c'];
    expect([desks.choose(), desks.room()]).toEqual([undefined, 0]);
  });

  it.each([
    [0.95, 5],
    [0.1, 1],
  ])('of a share of %d a second take %i', (perSecond, room) => {
    expect(createDesks(() => [target('a', perSecond, 1, { blocked: [] })]).room()).toBe(room);
  });
});

const tencent = {
  name: 'tencent',
  type: 'TencentIdCard',
  requestsPerSecond: 100,
  timeZone: 'Asia/Shanghai',
  order: 1,
  weight: 1,
};
const of = (...providers: readonly object[]) => providersOf({ verification: { secretName: 's', providers } });

describe('the section of the live settings', () => {
  it('is read with fields that only a newer operator knows, and may be absent', () => {
    expect(of({ ...tencent, later: true })).toEqual([tencent]);
    expect([providersOf(undefined), providersOf({})]).toEqual([undefined, undefined]);
  });

  it('that is not understood is an error, so that the last one is kept', () => {
    expect(() => of()).toThrow();
    expect(() => of({ ...tencent, type: 'Carrier' })).toThrow();
  });

  it('asks for new desks when a provider changes, not when its rate does', () => {
    const identity = (change: object) => identityOf(of({ ...tencent, ...change }) ?? []);
    expect(identity({ requestsPerSecond: 50, requestsPerDay: 9 })).toBe(identity({}));
    expect(identity({ url: 'https://other.example' })).not.toBe(identity({}));
  });
});
