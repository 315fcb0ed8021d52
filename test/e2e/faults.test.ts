/**
 * The fault table in short: while metrics pages lie or hang, and when the operator dies, replicas stand. All eleven faults:
 * `npm run soak -- faults`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SHARED_CLUSTER } from '../helpers/cluster.ts';
import { eventually } from '../helpers/eventually.ts';
import { FaultProxy, type PageFault } from '../helpers/fault-proxy.ts';
import { type OutsideOperator, outsideOperator } from '../helpers/outside-operator.ts';
import { CAMPAIGN_NAMESPACE, type Platform, startPlatform } from '../helpers/platform.ts';
import { type SteadyCrowd, startSteadyCrowd } from '../helpers/steady-crowd.ts';
import { type ReplicaWatch, watchReplicas } from '../helpers/watch-replicas.ts';

/** 60/s at 20/s a replica and 75 % of it is 4: from 3 that is growth and no flood, whose hold would hide a fall. */
const PER_SECOND = 60;
const INTAKE = { min: 3, max: 6, capacityPerReplica: 20 };
const NEEDED = 4;
/** One a second while citizens come: longer than the window of the quickest way down. */
const FAULT_TICKS = 15;
const QUICKEST_DOWN = { windowSeconds: 10, percentPerMinute: 100, holdAfterOpen: '0s' };

const ended = new AbortController();
const { signal } = ended;
let platform: Platform;
let proxy: FaultProxy | undefined;
let operator: OutsideOperator | undefined;
let crowd: SteadyCrowd | undefined;
let watch: ReplicaWatch | undefined;
let dir = '';

beforeAll(async () => {
  platform = await startPlatform(SHARED_CLUSTER, { intake: INTAKE }, signal, (line) => {
    process.stderr.write(`${line}\n`);
  });
  dir = await mkdtemp(join(tmpdir(), 'voucher-faults-'));
  proxy = new FaultProxy(platform.api.access);
  operator = await outsideOperator(platform, await proxy.start(), dir, signal);
  const down = JSON.stringify({ spec: { scaling: { down: QUICKEST_DOWN } } });
  await platform.kubectl('patch', 'vcamp', 'test', '--type=merge', '-p', down);
  await operator.start();
  watch = watchReplicas(platform.api, CAMPAIGN_NAMESPACE, 'test-intake');
  crowd = startSteadyCrowd(platform.stack.url, PER_SECOND);
  await eventually(() => (watch?.seen.at(-1) ?? 0) >= NEEDED, { what: `${NEEDED} replicas` });
});

afterAll(async () => {
  await crowd?.stop();
  await operator?.stop();
  await watch?.least();
  await proxy?.stop();
  ended.abort();
  await platform?.stop();
  await rm(dir, { recursive: true, force: true });
});

/** Every number of replicas while `cause` went on, with the one before. */
const during = async (cause: () => Promise<void>): Promise<readonly number[]> => {
  const from = Math.max(0, (watch?.seen.length ?? 0) - 1);
  await cause();
  return watch?.seen.slice(from) ?? [];
};

/** The operator has decided so often since: a fault that it did not meet would prove nothing. */
const decisions = async (): Promise<void> => {
  const from = (await operator?.ticks()) ?? 0;
  const enough = async (): Promise<boolean> => ((await operator?.ticks()) ?? 0) >= from + FAULT_TICKS;
  await eventually(enough, { everyMs: 200, what: `${FAULT_TICKS} ticks of the operator` });
};

const falls = (replicas: readonly number[]): boolean =>
  replicas.some((count, index) => count < (replicas[index - 1] ?? 0));

describe('replicas in a crowd', () => {
  it.each<PageFault>(['hangs', 'answers 500', 'answers zero'])('stand while the metrics page %s', async (fault) => {
    const replicas = await during(async () => {
      proxy?.break(fault);
      await decisions();
      proxy?.mend();
    });
    expect(proxy?.faulted).toBeGreaterThan(0);
    expect([replicas, falls(replicas)]).toEqual([replicas, false]);
  });

  it('stand when the operator is killed', async () => {
    const replicas = await during(async () => {
      await operator?.end('SIGKILL');
      await operator?.start();
      await decisions();
    });
    expect([replicas, falls(replicas)]).toEqual([replicas, false]);
  });

  it('fall with an operator that trusts a zero: so the four above can fail', async () => {
    await operator?.end('SIGTERM');
    await operator?.start({ trustsZeros: true });
    const before = watch?.seen.at(-1) ?? 0;
    proxy?.break('answers zero');
    await eventually(() => (watch?.seen.at(-1) ?? 0) < before, { timeoutMs: 150_000, what: 'replicas to fall' });
    proxy?.mend();
  });
});
