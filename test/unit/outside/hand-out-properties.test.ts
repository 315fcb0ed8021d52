/** Whatever pods, writes and leaders do: what pods may be sending never exceeds the rate. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  lookTarget,
  type OutsideBlock,
  type OutsideShares,
  SHARE_VALID_MS,
} from '../../../contract/outside/outside.ts';
import { type HandOutInput, handOut, type OutsideMemory } from '../../../operator/outside/hand-out.ts';
import { type InForce, inherited, NO_SHARES, replaced } from '../../../operator/outside/in-force.ts';
import { aReport, aTarget, WALL_MS } from '../../helpers/outside.ts';

const PODS = ['a', 'b', 'c', 'd', 'e'] as const;

/** What becomes of a write: acknowledged; stored, but its answer is lost; stored later, when nothing else was; never stored. */
type Fate = 'stored' | 'answerLost' | 'late' | 'lost';

type Step =
  | { readonly kind: 'time'; readonly ms: number }
  | { readonly kind: 'pods'; readonly ready: readonly string[] }
  | { readonly kind: 'halt'; readonly halt: 'command' | 'SettingsDiffer' | 'over' | undefined }
  | { readonly kind: 'report'; readonly pod: string; readonly block: OutsideBlock | undefined; readonly grows: number }
  | { readonly kind: 'restart'; readonly leader: number }
  | { readonly kind: 'tick'; readonly leader: number; readonly fate: Fate; readonly takesMs: number };

const pod = fc.constantFrom(...PODS);
const leader = fc.nat(1);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('time' as const), ms: fc.integer({ min: 1, max: 6_000 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pods' as const), ready: fc.subarray([...PODS]) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('halt' as const),
      halt: fc.constantFrom('command' as const, 'SettingsDiffer' as const, 'over' as const, undefined),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('report' as const),
      pod,
      block: fc.constantFrom<OutsideBlock | undefined>(
        undefined,
        undefined,
        undefined,
        'failing',
        'refused',
        'quota',
        'no_share',
      ),
      grows: fc.nat(50),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const), leader }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('tick' as const),
      leader,
      fate: fc.constantFrom<Fate>('stored', 'stored', 'stored', 'stored', 'answerLost', 'late', 'lost'),
      takesMs: fc.nat(2_000),
    }),
  },
);

interface Written {
  readonly value: OutsideShares;
  readonly atMs: number;
  readonly revision: number;
}

/** The key of the live bucket, with all of its past. */
class Bucket {
  readonly #past: Written[] = [{ value: NO_SHARES, atMs: 0, revision: 0 }];

  get current(): Written {
    return this.#past.at(-1) as Written;
  }

  /** Compare-and-set. */
  put(value: OutsideShares, expected: number, atMs: number): number | undefined {
    if (this.current.revision !== expected) return undefined;
    this.#past.push({ value, atMs, revision: expected + 1 });
    return expected + 1;
  }

  /** By pods that read at the worst instants: each uses the greatest share that a reading of the last 5 s can have given, in its worst second. */
  mostInUse(target: string, nowMs: number): number {
    const valid = this.#past.filter((_, i) => (this.#past[i + 1]?.atMs ?? nowMs + 1) > nowMs - SHARE_VALID_MS);
    const most = (of: string, name: string): number =>
      Math.ceil(Math.max(0, ...valid.map(({ value }) => value.targets[of]?.perSecond[name] ?? 0)));
    return PODS.reduce((sum, name) => sum + most(target, name) + most(lookTarget(target), name), 0);
  }
}

interface Leader {
  inForce: InForce | undefined;
  memory: OutsideMemory | undefined;
}

/** @returns the most that pods may have been sending at any moment */
const play = (
  steps: readonly Step[],
  requestsPerSecond: number,
  quota: number | undefined,
  decide: (input: HandOutInput) => ReturnType<typeof handOut>,
): number => {
  const bucket = new Bucket();
  const target = aTarget({ requestsPerSecond, ...(quota === undefined ? {} : { requestsPerDay: quota }) });
  const leaders: Leader[] = [
    { inForce: undefined, memory: undefined },
    { inForce: undefined, memory: undefined },
  ];
  let nowMs = 100_000;
  let ready: readonly string[] = [];
  let halt: Extract<Step, { readonly kind: 'halt' }>['halt'];
  let late: { readonly value: OutsideShares; readonly revision: number; readonly atMs: number }[] = [];
  const reports = new Map(PODS.map((name) => [name as string, { answered: 0, blocked: [] as OutsideBlock[] }]));
  let most = 0;
  const note = (): void => {
    most = Math.max(most, bucket.mostInUse(target.name, nowMs));
  };
  const pass = (ms: number): void => {
    nowMs += ms;
    for (const { value, revision } of late.filter(({ atMs }) => atMs <= nowMs)) bucket.put(value, revision, nowMs);
    late = late.filter(({ atMs }) => atMs > nowMs);
    note();
  };
  const tick = (own: Leader, fate: Fate, takesMs: number): void => {
    if (own.inForce === undefined) {
      const { value, revision } = bucket.current;
      own.inForce = inherited(value, revision, nowMs);
      return;
    }
    const before = own.inForce;
    const { next, memory } = decide({
      targets: [target],
      pods: ready.map((name) => ({ name, ready: true })),
      inForce: before,
      memory: own.memory,
      reports: ready.map((name) => aReport(name, reports.get(name))),
      isLookedAt: true,
      isOver: halt === 'over',
      halts: halt === undefined || halt === 'over' ? {} : { [target.name]: halt },
      nowMs,
      wallMs: WALL_MS + nowMs,
    });
    own.memory = memory;
    if (JSON.stringify(next) === JSON.stringify(before.value)) return;
    own.inForce = undefined;
    if (fate === 'lost') return;
    if (fate === 'late') {
      late.push({ value: next, revision: before.revision, atMs: nowMs + takesMs + 1 });
      return;
    }
    const revision = bucket.put(next, before.revision, nowMs);
    note();
    pass(takesMs);
    if (fate === 'stored' && revision !== undefined) own.inForce = replaced(before, next, revision, nowMs);
  };
  for (const one of steps) {
    if (one.kind === 'time') pass(one.ms);
    else if (one.kind === 'pods') ready = one.ready;
    else if (one.kind === 'halt') halt = one.halt;
    else if (one.kind === 'report') {
      const known = reports.get(one.pod)?.answered ?? 0;
      reports.set(one.pod, { answered: known + one.grows, blocked: one.block === undefined ? [] : [one.block] });
    } else {
      const own = leaders[one.leader] as Leader;
      if (one.kind === 'restart') leaders[one.leader] = { inForce: undefined, memory: undefined };
      else tick(own, one.fate, one.takesMs);
    }
  }
  return most;
};

const runs = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }),
  rate: fc.constantFrom(1, 2, 7, 100, 333),
  quota: fc.option(fc.nat(400), { nil: undefined }),
});

const staysBelow = (decide: (input: HandOutInput) => ReturnType<typeof handOut>) =>
  fc.property(runs, ({ steps, rate, quota }) => play(steps, rate, quota, decide) <= rate);

describe('Shares of an outside rate', () => {
  it('never exceed it together, whatever pods, writes and leaders do', () => {
    expect(fc.check(staysBelow(handOut), { numRuns: 800, seed: 20 }).failed).toBe(false);
  });

  it('would, if a share to look did not count: the same check finds it', () => {
    const forgetful = ({ inForce, ...input }: HandOutInput) => {
      const without = ({ v, targets }: OutsideShares): OutsideShares => ({
        v,
        targets: { tencent: targets['tencent'] ?? { perSecond: {} } },
      });
      const blind = {
        ...inForce,
        value: without(inForce.value),
        earlier: inForce.earlier.map((one) => ({ ...one, value: without(one.value) })),
      };
      return { ...handOut({ ...input, inForce: blind }), basedOn: inForce };
    };
    expect(fc.check(staysBelow(forgetful), { numRuns: 800, seed: 20 }).failed).toBe(true);
  });

  it('would, if a freed share were handed on at once: the same check finds it', () => {
    const hasty = ({ inForce, ...input }: HandOutInput) => {
      const forgets = { ...inForce, earlier: [] };
      const next = handOut({ ...input, inForce: forgets });
      return { ...next, basedOn: inForce };
    };
    expect(fc.check(staysBelow(hasty), { numRuns: 800, seed: 20 }).failed).toBe(true);
  });

  it('would, if a new leader raised shares at once: the same check finds it', () => {
    const hasty = ({ inForce, ...input }: HandOutInput) =>
      handOut({ ...input, inForce: { ...inForce, raisesFromMs: 0 } });
    expect(fc.check(staysBelow(hasty), { numRuns: 800, seed: 20 }).failed).toBe(true);
  });

  it('are equal but for one, and all of the rate, 5 s after the last change', () => {
    const settled = fc.property(fc.subarray([...PODS], { minLength: 1 }), fc.nat(4), (pods, from) => {
      const start = { a: 20 * from };
      let inForce = inherited({ v: 1, targets: { tencent: { perSecond: start } } }, 1, 0);
      let memory: OutsideMemory | undefined;
      for (let nowMs = 0; nowMs <= 12_000; nowMs += 1_000) {
        const ready = pods.map((name) => ({ name, ready: true }));
        const input = { targets: [aTarget()], pods: ready, inForce, memory, reports: [], nowMs, wallMs: WALL_MS };
        const planned = handOut(input);
        memory = planned.memory;
        inForce = replaced(inForce, planned.next, inForce.revision + 1, nowMs);
      }
      const shares = Object.values(inForce.value.targets['tencent']?.perSecond ?? {});
      expect(shares).toHaveLength(pods.length);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBe(100);
      expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
    });
    fc.assert(settled, { seed: 20 });
  });
});
