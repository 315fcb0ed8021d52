/**
 * The fault table on a real cluster: an even crowd, the quickest way down that a campaign may ask for, and one fault after
 * the other for 15 s. Replicas must never fall while citizens come, and nobody helps. Then the crowd gets smaller, and the
 * operator dies in the middle of the way down. Last, the same zero with an operator that trusts it: replicas must fall, or
 * all that was said before means nothing. `--cluster NAME` uses a cluster that is there; `--short` leaves out half.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StackProcess } from '../../local/stack.ts';
import { eventually } from '../helpers/eventually.ts';
import { FaultProxy, type PageFault } from '../helpers/fault-proxy.ts';
import { type OutsideOperator, outsideOperator } from '../helpers/outside-operator.ts';
import { CAMPAIGN_NAMESPACE, observeFor, type Platform, withPlatform } from '../helpers/platform.ts';
import type { Scenario, ScenarioContext } from '../helpers/scenario.ts';
import { startSteadyCrowd } from '../helpers/steady-crowd.ts';
import { watchReplicas } from '../helpers/watch-replicas.ts';

const PER_SECOND = 60;
const LESS_PER_SECOND = 20;
const CAPACITY = 20;
/** 60/s at 20/s a replica and 75 % of it is 4. */
const NEEDED = 4;
const NEEDED_BY_LESS = 2;
const CAMPAIGN = { intake: { min: 1, max: 6, capacityPerReplica: CAPACITY } };
const FAULT_MS = 15_000;
const MEND_MS = 5_000;
/** operator/scaling/holds.ts: nothing goes down for so long after a sudden rise, whatever it is told. */
const PANIC_MS = 120_000;
/** The mean of the last 60 s goes down slowly, also where every page says zero. */
const BELIEVED_WITHIN_MS = 120_000;
const QUICKEST_DOWN = {
  spec: { scaling: { down: { windowSeconds: 10, percentPerMinute: 100, holdAfterOpen: '0s' } } },
};

const PAGE_FAULTS: readonly PageFault[] = [
  'hangs',
  'answers 500',
  'answers an empty page',
  'answers zero',
  'has a clock 3 s ahead',
];

interface Line {
  readonly fault: string;
  /** Every number of replicas that was written meanwhile, with the one before. */
  readonly replicas: readonly number[];
  readonly holds: boolean;
}

interface Stage {
  readonly platform: Platform;
  readonly proxy: FaultProxy;
  readonly operator: OutsideOperator;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

const anyPod = ({ stack }: Platform, role: StackProcess['role']): StackProcess => {
  const found = stack.processes().find((one) => one.role === role);
  if (found === undefined) throw new Error(`there is no ${role} pod`);
  return found;
};

/** What is done, and how it is undone; the pauses between are the fault's own length. */
const otherFaults = (stage: Stage): Readonly<Record<string, () => Promise<void>>> => {
  const { platform, proxy, operator, signal } = stage;
  const last = async (): Promise<void> => observeFor(FAULT_MS, signal);
  return {
    'a journal server dies, and its leaders move': async () => {
      platform.stack.kill(anyPod(platform, 'nats'));
      await last();
    },
    'the API server stalls for 5 s': async () => {
      proxy.stall();
      await observeFor(5_000, signal);
      proxy.resume();
      await last();
    },
    'the operator is killed at the peak': async () => {
      await operator.end('SIGKILL');
      await operator.start();
      await last();
    },
    'a rollout in the burst': async () => {
      await operator.end('SIGTERM');
      await operator.start({ env: { VOUCHER_OPERATOR_APP_LOG_LEVEL: 'warn' } });
      await platform.kubectl('rollout', 'status', 'deployment/test-intake', '--timeout=180s');
      await last();
    },
    'the node is cordoned and a pod is gone': async () => {
      const node = (await platform.cluster.kubectl(['get', 'nodes', '-o', 'name'])).trim();
      await platform.cluster.kubectl(['cordon', node]);
      platform.stack.kill(anyPod(platform, 'intake'));
      await last();
      await platform.cluster.kubectl(['uncordon', node]);
    },
  };
};

/** The Deployment is told anew for every change of its status as well. */
const changesOf = (seen: readonly number[]): readonly number[] =>
  seen.filter((count, index) => index === 0 || count !== seen[index - 1]);

/** Plays all of it. Answers the lines of the table, the sabotaged one last. */
const play = async (stage: Stage, isShort: boolean, crowd: ReturnType<typeof startSteadyCrowd>) => {
  const { platform, proxy, operator, signal, progress } = stage;
  const watch = watchReplicas(platform.api, CAMPAIGN_NAMESPACE, 'test-intake');
  const now = (): number => watch.seen.at(-1) ?? 0;
  const lines: Line[] = [];
  const note = (fault: string, from: number, judge: (replicas: readonly number[]) => boolean): void => {
    const replicas = changesOf(watch.seen.slice(Math.max(0, from - 1)));
    const line = { fault, replicas, holds: judge(replicas) };
    lines.push(line);
    progress(`${line.holds ? 'ok  ' : 'FELL'} ${fault}: ${replicas.join(' ')}`);
  };
  const neverFell = (replicas: readonly number[]): boolean =>
    replicas.every((count, index) => count >= (replicas[index - 1] ?? 0));

  await operator.start();
  await eventually(() => now() >= NEEDED, { timeoutMs: 60_000, what: `${NEEDED} replicas for ${PER_SECOND}/s` });
  progress(`${now()} replicas; the hold of the sudden rise ends in ${PANIC_MS / 1000} s`);
  await observeFor(PANIC_MS + FAULT_MS, signal);

  for (const fault of PAGE_FAULTS) {
    const from = watch.seen.length;
    proxy.break(fault);
    await observeFor(FAULT_MS, signal);
    const { faulted } = proxy;
    proxy.mend();
    await observeFor(MEND_MS, signal);
    note(`the metrics page ${fault} (${faulted} times)`, from, (replicas) => neverFell(replicas) && faulted > 0);
  }
  for (const [fault, cause] of isShort ? [] : Object.entries(otherFaults(stage))) {
    const from = watch.seen.length;
    await cause();
    await observeFor(MEND_MS, signal);
    note(fault, from, neverFell);
  }

  if (!isShort) {
    const from = watch.seen.length;
    crowd.pace(LESS_PER_SECOND);
    const before = now();
    await eventually(() => now() < before, { timeoutMs: 240_000, what: 'the first step down' });
    await operator.end('SIGKILL');
    await operator.start();
    await eventually(() => now() === NEEDED_BY_LESS, { timeoutMs: 240_000, what: 'the end of the way down' });
    await observeFor(FAULT_MS, signal);
    const most = before;
    note('the operator is killed in the middle of a way down', from, (replicas) =>
      replicas.every((count) => count >= NEEDED_BY_LESS && count <= most),
    );
    crowd.pace(PER_SECOND);
    await eventually(() => now() >= NEEDED, { timeoutMs: 60_000, what: 'the way up' });
  }

  await operator.end('SIGTERM');
  await operator.start({ trustsZeros: true });
  // A counter that goes on after it stood still looks like a crowd, and is one for all that anybody knows.
  await observeFor(PANIC_MS + FAULT_MS, signal);
  const from = watch.seen.length;
  const trusted = now();
  proxy.break('answers zero');
  const falls = { timeoutMs: BELIEVED_WITHIN_MS, what: 'replicas to fall' };
  await eventually(() => now() < trusted, falls).catch((error: Error) => progress(error.message));
  proxy.mend();
  const replicas = changesOf(watch.seen.slice(Math.max(0, from - 1)));
  const fell = !neverFell(replicas);
  progress(`${fell ? 'ok  ' : 'NOT SEEN'} sabotage, zeros are trusted: ${replicas.join(' ')}`);
  await watch.least();
  return { lines, sabotage: { replicas, fell } };
};

const run = async (context: ScenarioContext, platform: Platform) => {
  const { signal, progress } = context;
  const dir = await mkdtemp(join(tmpdir(), 'voucher-faults-'));
  const proxy = new FaultProxy(platform.api.access);
  const operator = await outsideOperator(platform, await proxy.start(), dir, signal);
  await platform.kubectl('patch', 'vcamp', 'test', '--type=merge', '-p', JSON.stringify(QUICKEST_DOWN));
  const crowd = startSteadyCrowd(platform.stack.url, PER_SECOND);
  try {
    const { lines, sabotage } = await play(
      { platform, proxy, operator, signal, progress },
      context.args.includes('--short'),
      crowd,
    );
    await crowd.stop();
    const fell = lines.filter(({ holds }) => !holds).map(({ fault }) => fault);
    return {
      kind: 'ran' as const,
      holds: fell.length === 0 && sabotage.fell,
      summary: { lines: lines.length, fell, sabotageFell: sabotage.fell, citizens: crowd.counts },
      raw: { perSecond: PER_SECOND, capacityPerReplica: CAPACITY, lines, sabotage, citizens: crowd.counts },
    };
  } finally {
    await crowd.stop();
    await operator.stop();
    await proxy.stop();
    await rm(dir, { recursive: true, force: true });
  }
};

export const scenario: Scenario = {
  issue: '04',
  run: (context) => withPlatform(context, CAMPAIGN, (platform) => run(context, platform)),
};
