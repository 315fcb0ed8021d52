import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type ElectionReport,
  Elector,
  LeaseLostError,
  type LeaseRecord,
  type LeaseStore,
  type VersionedLease,
} from '../../../operator/leadership/elector.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

/** A lease with an optimistic lock, whose ways can be cut per candidate. */
class FakeLeases {
  lease: VersionedLease | undefined;
  writes = 0;
  readonly cut = new Map<string, 'fails' | 'hangs' | 'loses answers'>();

  for(identity: string): LeaseStore {
    const way = async <T>(work: () => T): Promise<T> => {
      const fault = this.cut.get(identity);
      if (fault === 'fails') throw new Error('no way');
      if (fault === 'hangs') return new Promise<T>(() => undefined);
      return work();
    };
    return {
      read: () => way(() => this.lease),
      write: async (record, version) => {
        const written = await way(() => this.write(record, version));
        if (this.cut.get(identity) === 'loses answers') throw new Error('the answer was lost');
        return written;
      },
    };
  }

  write(record: LeaseRecord, version: string | undefined): VersionedLease | 'conflict' {
    if (this.lease?.version !== version) return 'conflict';
    this.writes += 1;
    this.lease = { ...record, version: String(this.writes) };
    return this.lease;
  }
}

interface Candidate {
  readonly elector: Elector;
  readonly stop: AbortController;
  readonly reports: ElectionReport[];
  readonly ended: Promise<void>;
  /** Of the term under way or the last one. */
  signal: AbortSignal | undefined;
  terms: number;
  /** Work that takes this long to end. */
  endsAfterMs: number;
}

let clock: FakeClock;
let leases: FakeLeases;
const all: Candidate[] = [];

const candidate = (identity: string): Candidate => {
  const stop = new AbortController();
  const reports: ElectionReport[] = [];
  const elector: Elector = new Elector({
    clock,
    random: () => 0.5,
    leases: leases.for(identity),
    identity,
    onReport: (report) => reports.push(report),
    lead: async (signal) => {
      made.signal = signal;
      made.terms += 1;
      await new Promise<void>((resolve) => {
        const end = (): void => void clock.after(made.endsAfterMs, resolve);
        if (signal.aborted) end();
        signal.addEventListener('abort', end, { once: true });
      });
    },
  });
  const made: Candidate = {
    elector,
    stop,
    reports,
    ended: elector.run(stop.signal),
    signal: undefined,
    terms: 0,
    endsAfterMs: 0,
  };
  all.push(made);
  return made;
};

beforeEach(() => {
  clock = new FakeClock(1_000_000);
  leases = new FakeLeases();
  all.length = 0;
});

afterEach(async () => {
  for (const { stop } of all) stop.abort();
  await clock.advance(60_000);
  await Promise.all(all.map(({ ended }) => ended));
  expect(clock.pending).toBe(0);
});

describe('an elector', () => {
  it('leads at once when nobody does, and keeps the lease', async () => {
    const a = candidate('a');
    await clock.advance(60_000);
    expect(a.terms).toBe(1);
    expect(a.elector.isLeading).toBe(true);
    expect(leases.lease).toMatchObject({ holder: 'a', durationMs: 4_000, transitions: 0 });
    // One write in 1.5 s.
    expect(leases.writes).toBe(41);
  });

  it('waits while another one renews', async () => {
    const a = candidate('a');
    await clock.advance(100);
    const b = candidate('b');
    await clock.advance(60_000);
    expect([a.terms, b.terms]).toEqual([1, 0]);
    expect(() => b.elector.assertLeading()).toThrow(LeaseLostError);
  });

  it('gives the lease back at the end, and the next one begins within its look', async () => {
    const a = candidate('a');
    await clock.advance(100);
    const b = candidate('b');
    await clock.advance(5_000);
    a.stop.abort();
    await clock.advance(1_100);
    expect(a.elector.isLeading).toBe(false);
    expect(b.elector.isLeading).toBe(true);
    expect(leases.lease?.transitions).toBe(1);
  });

  it('still renews while its work is ending, so that nobody begins beside it', async () => {
    const a = candidate('a');
    await clock.advance(100);
    a.endsAfterMs = 9_000;
    const b = candidate('b');
    await clock.advance(1_000);
    a.stop.abort();
    await clock.advance(8_500);
    expect(a.signal?.aborted).toBe(true);
    expect(b.terms).toBe(0);
    await clock.advance(2_000);
    expect(b.terms).toBe(1);
  });

  it.each(['fails', 'hangs'] as const)(
    'stops acting after 3 s when its way %s, before another begins',
    async (fault) => {
      const a = candidate('a');
      await clock.advance(100);
      const b = candidate('b');
      await clock.advance(10_000);
      leases.cut.set('a', fault);
      let overlapMs = 0;
      let lostAfterMs: number | undefined;
      let takenAfterMs: number | undefined;
      for (let ms = 0; ms < 15_000; ms += 50) {
        await clock.advance(50);
        if (a.elector.isLeading && b.elector.isLeading) overlapMs += 50;
        if (!a.elector.isLeading) lostAfterMs ??= ms;
        if (b.elector.isLeading) takenAfterMs ??= ms;
      }
      expect(overlapMs).toBe(0);
      expect(lostAfterMs).toBeLessThanOrEqual(3_000);
      expect(takenAfterMs).toBeLessThanOrEqual(6_500);
      expect(a.signal?.reason).toBeInstanceOf(LeaseLostError);
      leases.cut.delete('a');
      await clock.advance(10_000);
      expect([a.elector.isLeading, b.elector.isLeading]).toEqual([false, true]);
    },
  );

  it('survives failures shorter than that', async () => {
    const a = candidate('a');
    await clock.advance(10_000);
    for (let round = 0; round < 5; round += 1) {
      leases.cut.set('a', 'fails');
      await clock.advance(1_200);
      leases.cut.delete('a');
      await clock.advance(5_000);
    }
    expect(a.terms).toBe(1);
    expect(a.elector.isLeading).toBe(true);
  });

  it('recognises a renewal of its own whose answer was lost', async () => {
    const a = candidate('a');
    await clock.advance(10_000);
    leases.cut.set('a', 'loses answers');
    await clock.advance(1_600);
    leases.cut.delete('a');
    await clock.advance(10_000);
    expect(a.terms).toBe(1);
    expect(a.elector.isLeading).toBe(true);
  });

  it('stops at once when another one has taken the lease', async () => {
    const a = candidate('a');
    await clock.advance(10_000);
    leases.lease = { ...(leases.lease as VersionedLease), holder: 'thief', version: 'other' };
    await clock.advance(1_600);
    expect(a.signal?.reason).toBeInstanceOf(LeaseLostError);
    expect(a.reports.at(-1)).toEqual({ kind: 'ended', why: 'the lease was taken by thief' });
  });

  it('may not act after the process was frozen, even before a timer has told', async () => {
    const a = candidate('a');
    await clock.advance(10_000);
    expect(a.elector.isLeading).toBe(true);
    clock.jump(3_000);
    expect(a.signal?.aborted).toBe(false);
    expect(() => a.elector.assertLeading()).toThrow('does not hold the lease');
  });

  it('takes over the lease of a process that died without a word, by its own clock', async () => {
    leases.write(
      { holder: 'dead', durationMs: 4_000, acquiredAtMs: 0, renewedAtMs: 9_999_999_999, transitions: 7 },
      undefined,
    );
    const a = candidate('a');
    await clock.advance(3_900);
    expect(a.terms).toBe(0);
    await clock.advance(1_500);
    expect(a.terms).toBe(1);
    expect(leases.lease?.transitions).toBe(8);
  });
});
