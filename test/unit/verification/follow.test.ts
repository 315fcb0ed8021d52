/** Providers that are edited while a pod asks them, on a clock that moves only by calls. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { followSystems } from '../../../app/outside/follow.ts';
import { createOutsideMetrics } from '../../../app/outside/metrics.ts';
import { createDesks } from '../../../app/verification/desks.ts';
import type { Desks } from '../../../app/verification/part.ts';
import type { IdentityProvider } from '../../../app/verification/ports.ts';
import { identityOf, providerOf } from '../../../app/verification/section.ts';
import type { ProviderSpec } from '../../../contract/types/verification.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const PER_SECOND = 10;
const never = new AbortController().signal;
const provider = (name: string, change: Partial<ProviderSpec> = {}): ProviderSpec => ({
  name,
  type: 'TencentIdCard',
  requestsPerSecond: 100,
  timeZone: 'Asia/Shanghai',
  order: 1,
  weight: 1,
  ...change,
});

let clock: FakeClock;
let desks: Desks & { follow(specs: readonly ProviderSpec[]): Promise<void> };
let registry: Registry;
let withoutKeys: Set<string>;
let created: string[];
let ended: AbortController;

beforeEach(() => {
  clock = new FakeClock(Date.parse('2020-09-25T09:00:00Z'));
  registry = new Registry();
  withoutKeys = new Set();
  created = [];
  ended = new AbortController();
  const perSecond = { 'pod-1': PER_SECOND };
  const systems = followSystems<ProviderSpec, IdentityProvider>(
    {
      async create({ name }) {
        if (withoutKeys.has(name)) throw new Error(`no keys of ${name}`);
        created.push(name);
        return { name, verify: async () => ({ kind: 'quota' }) };
      },
      identityOf,
      systemOf: providerOf,
      readShares: async () => ({
        shares: { v: 1, targets: { a: { perSecond }, b: { perSecond } } },
        unprovenMs: 0,
        revision: 1,
      }),
      podName: 'pod-1',
      clock,
      agreed: clock,
      random: () => 0,
      metrics: createOutsideMetrics(registry),
      onError: () => undefined,
    },
    ended.signal,
  );
  desks = { ...createDesks(systems.current), follow: systems.follow };
});
afterEach(() => ended.abort());

const settled = (): Promise<void> => clock.advance(3_000);
const isBlocked = async (name: string, reason: string): Promise<boolean> =>
  (await registry.metrics()).includes(`voucher_outside_blocked{target="${name}",reason="${reason}"} 1`);

/** Notes the instant of every turn that was granted, and chooses again where it was not, as the part does. */
const ask = async (count: number, turns: number[]): Promise<void> => {
  const one = async (): Promise<void> => {
    for (let desk = desks.choose(); desk !== undefined; desk = desks.choose()) {
      if (await desk.lane.turn(never)) return void turns.push(clock.now());
    }
  };
  await Promise.all(Array.from({ length: count }, one));
};

describe('providers that are edited', () => {
  it.each([
    ['order', { order: 2 }],
    ['weight', { weight: 3 }],
    ['timeZone', { timeZone: 'UTC' }],
  ])('by %s are never asked more often than the share permits', async (_what, change) => {
    await desks.follow([provider('a')]);
    await settled();
    const turns: number[] = [];
    void ask(50, turns);
    await clock.advance(500);
    const before = turns.length;
    await desks.follow([provider('a', change)]);
    for (let n = 0; n < 40; n += 1) {
      await clock.advance(250);
      void ask(10, turns);
    }
    expect(turns.length).toBeGreaterThan(before + 50);
    const inOneSecond = turns.map((start) => turns.filter((at) => at >= start && at < start + 1_000).length);
    expect(Math.max(...inOneSecond)).toBeLessThanOrEqual(PER_SECOND);
  });

  it('by order keep a quota that is used up, also by a request that was under way', async () => {
    await desks.follow([provider('a')]);
    await settled();
    const desk = desks.choose();
    await desks.follow([provider('a', { order: 2 })]);
    desk?.lane.sent('quota');
    await settled();
    expect([desks.choose(), await isBlocked('a', 'quota')]).toEqual([undefined, true]);
    await desks.follow([provider('a', { url: 'https://other.example' })]);
    await settled();
    expect(desks.choose()?.provider.name).toBe('a');
  });

  it('are created once', async () => {
    for (let n = 0; n < 3; n += 1) await desks.follow([provider('a', { requestsPerSecond: n + 1 })]);
    expect(created).toEqual(['a']);
  });
});

describe('a provider without keys', () => {
  it('is reported as refused, and the others are asked, until its keys are there', async () => {
    withoutKeys.add('b');
    const specs = [provider('a'), provider('b')];
    for (let n = 0; n < 2; n += 1) await expect(desks.follow(specs)).rejects.toThrow('no keys of b');
    await settled();
    expect([await isBlocked('a', 'refused'), await isBlocked('b', 'refused')]).toEqual([false, true]);
    expect([desks.choose(), desks.choose()].map((desk) => desk?.provider.name)).toEqual(['a', 'a']);
    withoutKeys.clear();
    await desks.follow(specs);
    await settled();
    expect(await isBlocked('b', 'refused')).toBe(false);
    expect(new Set([desks.choose(), desks.choose()].map((desk) => desk?.provider.name))).toEqual(new Set(['a', 'b']));
    expect(created).toEqual(['a', 'b']);
  });
});
