/**
 * Pods 1 → 8 → 3 with kills, pauses of any length and lost connections, an operator that hands shares on, and a provider that
 * counts. Virtual time; pods and operator run the product's own code.
 */
import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { createLane } from '../../../app/outside/lane.ts';
import { createOutsideMetrics } from '../../../app/outside/metrics.ts';
import { NETWORK_MS, nextDueMs } from '../../../app/outside/pace.ts';
import { keepShares } from '../../../app/outside/read-shares.ts';
import { type Moment, NO_SHARE, type Share, shareAt, takeReading } from '../../../app/outside/share.ts';
import { type OutsideShares, SHARE_VALID_MS } from '../../../contract/outside/outside.ts';
import type { ReadShares } from '../../../journal/live/outside-shares.ts';
import { handOut, type OutsideMemory } from '../../../operator/outside/hand-out.ts';
import { replaced } from '../../../operator/outside/in-force.ts';
import { anInForce, aTarget, readyPods } from '../../helpers/outside.ts';
import { fullestSecond } from '../../helpers/provider-count.ts';
import { type VirtualPod, type VirtualWorld, virtualWorld } from '../../helpers/virtual-pods.ts';

const TARGET = 'bureau';
type Shares = ReadonlyMap<string, number>;

const asValue = (shares: Shares): OutsideShares => ({
  v: 1,
  targets: { [TARGET]: { perSecond: Object.fromEntries(shares) } },
});

/** The journal as a pod may find it: every value from an instant on. */
const createBucket = (world: VirtualWorld) => {
  const values: { readonly fromMs: number; readonly shares: Shares }[] = [{ fromMs: 0, shares: new Map() }];
  return {
    put: (shares: Shares): void => void values.push({ fromMs: world.nowMs(), shares }),
    at: (ms: number): Shares => values.findLast(({ fromMs }) => fromMs <= ms)?.shares ?? new Map(),
    revisionAt: (ms: number): number => values.findLastIndex(({ fromMs }) => fromMs <= ms) + 1,
  };
};
type Bucket = ReturnType<typeof createBucket>;

/** The product's own rule, with writes and acknowledgements that take their time. */
const runOperator = (
  world: VirtualWorld,
  bucket: Bucket,
  permitted: number,
  livePods: () => readonly string[],
): void => {
  const targets = [aTarget({ name: TARGET, requestsPerSecond: permitted })];
  let inForce = anInForce();
  let memory: OutsideMemory | undefined;

  const tick = (): void => {
    const pods = readyPods(...livePods());
    const nowMs = world.nowMs();
    const planned = handOut({ targets, pods, inForce, memory, reports: [], nowMs, wallMs: nowMs });
    memory = planned.memory;
    world.after(world.random() * 300, () => {
      bucket.put(new Map(Object.entries(planned.next.targets[TARGET]?.perSecond ?? {})));
      world.after(world.random() * 300, () => {
        inForce = replaced(inForce, planned.next, inForce.revision + 1, world.nowMs());
        world.after(400 + world.random() * 600, tick);
      });
    });
  };
  world.after(0, tick);
};

interface Pod extends VirtualPod {
  readonly name: string;
  isCutOff: boolean;
}

const TAKES_NOTHING = new AbortController().signal;

/** A reading as the network and the journal's leader make it: slow, failed, and as old as it says. */
const readsOf = (world: VirtualWorld, bucket: Bucket, pod: Pod): ReadShares => {
  return () =>
    new Promise((resolve, reject) => {
      const beganMs = world.nowMs();
      const unprovenMs = world.random() * 1_000;
      const slow = world.random() < 0.05 ? 4_000 : 60;
      world.after(world.random() * slow, () => {
        const provenMs = beganMs - unprovenMs;
        const readMs = provenMs + world.random() * (world.nowMs() - provenMs);
        const isLost = pod.isCutOff || world.random() < 0.02;
        const found = { shares: asValue(bucket.at(readMs)), unprovenMs, revision: bucket.revisionAt(readMs) };
        // It reaches the process when that runs.
        pod.clock.after(world.random() * slow, () => (isLost ? reject(new Error('lost')) : resolve(found)));
      });
    });
};

/** Requests a second that a pod may send, in place of the product's own. */
type Twin = (read: ReadShares, pod: Pod, keep: (read: ReadShares) => () => number) => () => number;
const asBuilt: Twin = (read, _pod, keep) => keep(read);

interface Play {
  readonly seed: number;
  readonly permitted: number;
  readonly twin?: Twin;
  /** What happens besides; called each second. */
  readonly trouble?: (world: VirtualWorld, pods: readonly Pod[]) => void;
  /** Gets the arrivals of requests whose pod was stopped between their turn and their sending, which then happens now and then. */
  readonly late?: number[];
  /** Pods at an instant. */
  readonly podsAt: (ms: number) => number;
  readonly forMs: number;
}

/** Instants at which requests arrive at the provider. */
const play = async ({
  seed,
  permitted,
  twin = asBuilt,
  trouble,
  late,
  podsAt,
  forMs,
}: Play): Promise<readonly number[]> => {
  const world = virtualWorld(seed);
  const bucket = createBucket(world);
  const arrivals: number[] = [];
  let pods: readonly Pod[] = [];
  let born = 0;

  const startPod = (): Pod => {
    born += 1;
    const pod: Pod = { ...world.pod(), name: `pod-${born}`, isCutOff: false };
    const keep = (read: ReadShares): (() => number) => {
      const shares = keepShares(
        { read, podName: pod.name, targets: [TARGET], clock: pod.clock, onError: () => undefined },
        TAKES_NOTHING,
      );
      return () => shares(TARGET);
    };
    const lane = createLane({
      name: TARGET,
      share: twin(readsOf(world, bucket, pod), pod, keep),
      timeZone: 'Asia/Shanghai',
      clock: pod.clock,
      agreed: pod.clock,
      random: world.random,
      metrics: createOutsideMetrics(new Registry()),
    });
    const send = (): void => {
      const arrive = (to: number[]): void => void to.push(world.nowMs() + 20 + world.random() * NETWORK_MS * 0.999);
      if (late !== undefined && world.random() < 0.005) {
        pod.stopFor(world.random() * 20_000);
        pod.clock.after(0, () => arrive(late));
      } else arrive(arrivals);
      pod.clock.after(100, () => lane.sent('answered'));
    };
    const work = (): void => {
      void lane.turn(TAKES_NOTHING).then((isMine) => {
        if (!isMine) return pod.clock.after(200, work);
        send();
        return work();
      });
    };
    pod.clock.after(0, work);
    return pod;
  };

  const second = (): void => {
    pods = pods.filter((pod) => pod.isAlive());
    const wanted = podsAt(world.nowMs());
    for (const pod of pods.slice(wanted)) pod.kill();
    pods = [...pods.slice(0, wanted), ...Array.from({ length: Math.max(0, wanted - pods.length) }, startPod)];
    trouble?.(world, pods);
    world.after(1_000, second);
  };
  world.after(0, second);
  // Pods that are cut off look gone to the operator; a stopped one sometimes does.
  const seen = (): readonly string[] => pods.filter((pod) => pod.isAlive() && !pod.isCutOff).map(({ name }) => name);
  runOperator(world, bucket, permitted, seen);
  await world.run(forMs);
  return arrivals;
};

const upAndDown = (ms: number): number => (ms < 20_000 ? 1 : ms < 50_000 ? 8 : 3);

const anyTrouble = (world: VirtualWorld, pods: readonly Pod[]): void => {
  const lengthMs = 10 ** (1 + world.random() * 3.8);
  for (const pod of pods) {
    const dice = world.random();
    // Not on the second: at any point of whatever it does.
    world.after(world.random() * 1_000, () => {
      if (dice < 0.05) pod.stopFor(lengthMs);
      else if (dice < 0.07) pod.kill();
      else if (dice < 0.1) {
        pod.isCutOff = true;
        world.after(lengthMs, () => {
          pod.isCutOff = false;
        });
      }
    });
  }
};

/** One pod is cut off from the journal, and goes on; the operator takes it for gone. */
const cutOff = (world: VirtualWorld, pods: readonly Pod[]): void => {
  const [pod] = pods;
  if (pod !== undefined && world.nowMs() > 15_000 && world.nowMs() < 16_500) pod.isCutOff = true;
};

/** A share that is the last one that was read, however long ago. */
const neverExpires: Twin = (read, pod) => {
  let last = 0;
  const again = (): void => {
    read(TAKES_NOTHING).then(
      ({ shares }) => {
        last = shares?.targets[TARGET]?.perSecond[pod.name] ?? 0;
      },
      () => undefined,
    );
    pod.clock.after(1_000, again);
  };
  again();
  return () => last;
};

describe('many pods', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'never have more counted than is permitted in a second, whatever happens to them (%i)',
    async (seed) => {
      const permitted = [100, 7, 1, 30][seed % 4] ?? 100;
      const arrivals = await play({ seed, permitted, trouble: anyTrouble, podsAt: upAndDown, forMs: 80_000 });
      expect(fullestSecond(arrivals)).toBeLessThanOrEqual(permitted);
      expect(arrivals.length).toBeGreaterThan(permitted * 10);
    },
  );

  it.each([1, 3, 8])('reach 90 %% of what is permitted while nothing happens to them, with %i', async (count) => {
    const arrivals = await play({ seed: count, permitted: 100, podsAt: () => count, forMs: 30_000 });
    const steady = arrivals.filter((ms) => ms >= 10_000 && ms < 30_000).length / 20;
    expect(steady).toBeGreaterThanOrEqual(90);
    expect(fullestSecond(arrivals)).toBeLessThanOrEqual(100);
  });

  it.each([11, 12, 13])('send no more late than what a stop caught between turn and request (%i)', async (seed) => {
    const late: number[] = [];
    const of = { seed, permitted: 30, podsAt: upAndDown, forMs: 80_000, late };
    expect(fullestSecond(await play(of))).toBeLessThanOrEqual(30);
    expect(late.length).toBeGreaterThan(3);
  });

  it('are found out when their shares do not expire', async () => {
    const of = { seed: 1, permitted: 100, podsAt: () => 4, trouble: cutOff, forMs: 40_000 };
    expect(fullestSecond(await play({ ...of, twin: neverExpires }))).toBeGreaterThan(100);
    expect(fullestSecond(await play(of))).toBeLessThanOrEqual(100);
  });
});

describe('a share that is handed on at the first permitted instant', () => {
  /** From one pod, whose last reading was proven just before the write that took its share, to another one that reads at once. */
  const sends = (permitted: number, take: typeof takeReading): readonly number[] => {
    const acknowledgedMs = 10_000;
    const at = (ms: number): Moment => ({ monotonicMs: ms, wallMs: ms });
    const readAt = (share: Share, ms: number): Share => take(share, permitted, at(ms), at(ms));
    const sent: number[] = [];
    for (const readsMs of [[0, 5_000, acknowledgedMs - 1], [acknowledgedMs + SHARE_VALID_MS]]) {
      let share = NO_SHARE;
      let lastDueMs: number | undefined;
      for (let nowMs = 0; nowMs < 20_000; nowMs += 1) {
        if (readsMs.includes(nowMs)) share = readAt(share, nowMs);
        const dueMs = nextDueMs({ perSecond: shareAt(share, at(nowMs)), lastDueMs, askedAtMs: 0, nowMs });
        if (dueMs > nowMs) continue;
        sent.push(nowMs);
        lastDueMs = dueMs;
      }
    }
    return sent;
  };

  it.each([1, 2, 7, 30, 100])('is never used twice in one second: %i/s', (permitted) => {
    expect(fullestSecond(sends(permitted, takeReading))).toBeLessThanOrEqual(permitted);
  });

  it.each([1, 7, 8])('is found out when it counts at once: %i/s', (permitted) => {
    const atOnce: typeof takeReading = (_share, perSecond, provenAt) => ({ perSecond, provenAt });
    expect(fullestSecond(sends(permitted, atOnce))).toBeGreaterThan(permitted);
  });
});
