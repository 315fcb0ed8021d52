/**
 * Winners get their vouchers by issuance pods that are processes, while channels lose answers, say "limit" falsely and throttle, pods are
 * killed, one channel is down for a time, and all journal servers restart once. Then the channels' books are compared with the journal.
 *
 * | vouchers in the books | what is disturbed besides the answers of the channels                                        |
 * |-----------------------|----------------------------------------------------------------------------------------------|
 * | up to the first part  | nothing: the rate is judged                                                                  |
 * | up to the second part | a pod is killed every some seconds; first one channel is down; half-way the journal restarts |
 * | from there            | nothing: the rate is judged again, once all is settled                                       |
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ENV } from '../../../contract/app-contract.ts';
import { CHANNELS, type Channel } from '../../../contract/envelope.ts';
import type { ChannelFaultRequest } from '../../../local/channels/faults.ts';
import type { ChannelCounts } from '../../../local/channels/server.ts';
import { freePorts } from '../../../local/free-ports.ts';
import { compareIssued } from '../../../local/ledger-check/issued.ts';
import { readWinners } from '../../../local/ledger-check/read-winners.ts';
import { readStalls, recordingStalls, type Stall } from '../../../local/providers/stalls.ts';
import { watchCpu } from '../cpu-times.ts';
import { eventually } from '../eventually.ts';
import { anIssuingCampaign, ISSUANCE } from '../issuance-campaign.ts';
import { type IssuanceProcesses, startIssuanceProcesses } from '../issuance-processes.ts';
import type { Disturbance } from '../providers/judge.ts';
import { handOutShares, type RunningPod } from './hand-out-shares.ts';

export interface IssuanceSoak {
  readonly winners: number;
  /** Requests that each channel permits. */
  readonly perSecond: number;
  readonly pods: number;
  readonly killEveryMs: number;
  /** Left out: as many as there is time for. Where pods end sooner than a freed share is given away, none gets one. */
  readonly mostKills?: number;
  /** How long one channel is down, or for how many requests: those come also on a slow machine. */
  readonly outage: { readonly forMs: number } | { readonly times: number };
  /** Parts of all vouchers between which pods are killed. */
  readonly disturbed: readonly [from: number, until: number];
  /** Of the consumers; left out: as the operator creates them. */
  readonly ackWaitMs?: number;
  /** A file beside this one that is preloaded into the pods. */
  readonly sabotage?: string | undefined;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

/** Of the channel that is down, or of all. */
export interface ChannelDisturbance extends Disturbance {
  readonly channel?: Channel;
}

const HOST = '127.0.0.1';
const DOWN: Channel = 'alipay';
/** Besides what the channels throttle because of their limit. */
const FAULTS: readonly ChannelFaultRequest[] = [
  { kind: 'silent', api: 'send', share: 0.05 },
  { kind: 'falseLimit', api: 'send', share: 0.02 },
  { kind: 'throttled', share: 0.01 },
];
const LOOK_EVERY_MS = 500;
/** A pod holds ten seconds of requests, and some wait for their next try: when no more are left, the rate falls. */
const FEW_SECONDS = 12;
const SAY_EVERY_MS = 10_000;
/** From the end of a disturbance until the rate is as before: 5 s until a freed share is given away, ticks, and a process's start. */
const SETTLED_MS = 15_000;
/** A breaker that has failed for long tries again after 30 s, and the operator's probe needs some seconds. */
const OUTAGE_SETTLED_MS = 45_000;

const preloaded = (file: string): readonly string[] => [
  '--import',
  pathToFileURL(join(import.meta.dirname, file)).href,
];

/** Books of all channels, as their own counts have them. */
const issuedOf = ({ results }: ChannelCounts): number => results['issued'] ?? 0;
type CountsByChannel = Readonly<Record<Channel, ChannelCounts>>;

const readCounts = async ({ servers }: IssuanceProcesses): Promise<CountsByChannel> => {
  const counts = await Promise.all(CHANNELS.map((channel) => servers.of(channel).counts()));
  return Object.fromEntries(CHANNELS.map((channel, at) => [channel, counts[at]])) as unknown as CountsByChannel;
};

/** Starts pods, knows which run, and kills one after the other; each is replaced by one of another name, as by a ReplicaSet. */
const createPods = (world: IssuanceProcesses) => {
  const running = new Map<string, RunningPod & { readonly pid: number }>();
  let started = 0;
  const start = async (): Promise<void> => {
    const name = `issuance-${started}`;
    started += 1;
    const [port = 0] = await freePorts(1, HOST);
    const { pid, exited } = world.start(name, { [ENV.portAdmin]: String(port) });
    running.set(name, { name, pid, adminUrl: `http://${HOST}:${port}` });
    const gone = (): void => void running.delete(name);
    exited.then(gone, gone);
  };
  return {
    all: (): readonly (RunningPod & { readonly pid: number })[] => [...running.values()],
    start,
    /** @returns its name */
    async killOldest(): Promise<string> {
      const [oldest] = running.keys();
      if (oldest === undefined) throw new Error('no issuance pod runs: none can be killed');
      await world.kill(oldest);
      return oldest;
    },
  };
};

const playOn = async (world: IssuanceProcesses, stallsDir: string, soak: IssuanceSoak) => {
  const { winners, perSecond, disturbed, mostKills = Number.POSITIVE_INFINITY, outage, signal, progress } = soak;
  const outageMs = 'forMs' in outage ? outage.forMs : 0;
  const ended = new AbortController();
  const running = AbortSignal.any([signal, ended.signal]);
  const pods = createPods(world);
  const campaign = anIssuingCampaign(
    {},
    { spec: { campaignId: world.campaignId, issuance: { ...ISSUANCE, channels: world.channels } } },
  );
  const operator = handOutShares({ campaign, store: world.journal.admin.shares, pods: pods.all }, running);
  try {
    for (let at = 0; at < soak.pods; at += 1) await pods.start();
    progress(`${winners} winners: publishing their accounts and places`);
    const announcing = performance.now();
    await world.announce(winners);
    const announcedMs = performance.now() - announcing;
    for (const channel of CHANNELS) await world.servers.of(channel).setFaults(...FAULTS);
    const areShared = (): boolean => {
      const targets = operator.shares()?.targets ?? {};
      const of = CHANNELS.map((channel) => Object.values(targets[channel]?.perSecond ?? {}));
      return of.every(
        (shares) => shares.length === soak.pods && shares.reduce((sum, one) => sum + one, 0) === perSecond,
      );
    };
    await eventually(areShared, { what: `shares of all channels for ${soak.pods} pods`, signal, everyMs: 100 });

    const cpu = watchCpu(
      () => ({
        issuance: pods.all().map(({ pid }) => pid),
        journal: world.journal.cluster.nodes.map((node) => node.pid()),
        channels: [world.servers.pid],
        soak: [process.pid],
      }),
      running,
    );
    const startedAtMs = Date.now();
    await world.startIssuance();

    const disturbances: ChannelDisturbance[] = [
      { what: 'start', fromMs: startedAtMs, untilMs: startedAtMs + SETTLED_MS },
    ];
    const until: Partial<Record<Channel, number>> = {};
    let [lastKillMs, saidMs] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
    let [isDown, isRestarted] = [false, false];
    let kills = 0;
    /** Of a channel: when fewer are left, it can't use its rate. */
    const few = perSecond * FEW_SECONDS;
    const shareOf = (at: number): number => Math.floor((winners + CHANNELS.length - 1 - at) / CHANNELS.length);
    const total = (counts: CountsByChannel): number =>
      CHANNELS.reduce((sum, channel) => sum + issuedOf(counts[channel]), 0);

    const disturb = async (part: number): Promise<void> => {
      const isDone = isDown && isRestarted && kills > 0;
      // A short run may have passed by a part between two looks: nothing is left out.
      if (part < disturbed[0] || (part >= disturbed[1] && isDone)) return;
      // Noted only when it is done: a look that fails is repeated.
      if (!isDown) {
        progress(`${DOWN} is down`);
        const fromMs = Date.now();
        await world.servers.of(DOWN).setFaults({ kind: 'reset', ...outage }, ...FAULTS);
        isDown = true;
        const untilMs = fromMs + outageMs + OUTAGE_SETTLED_MS;
        disturbances.push({ what: `${DOWN} down`, fromMs, untilMs, channel: DOWN });
      }
      if (kills < mostKills && performance.now() - lastKillMs >= soak.killEveryMs) {
        lastKillMs = performance.now();
        const fromMs = Date.now();
        const name = await pods.killOldest();
        kills += 1;
        progress(`kill -9 of ${name}`);
        await pods.start();
        disturbances.push({ what: `kill -9 of ${name}`, fromMs, untilMs: Date.now() + SETTLED_MS });
      }
      if (!isRestarted && part >= (disturbed[0] + disturbed[1]) / 2) {
        progress('all journal servers are killed and started again');
        const fromMs = Date.now();
        await world.restartJournal();
        isRestarted = true;
        disturbances.push({ what: 'journal restarted', fromMs, untilMs: Date.now() + SETTLED_MS });
      }
    };
    const look = async (): Promise<boolean> => {
      const counts = await readCounts(world);
      const issued = total(counts);
      for (const [at, channel] of CHANNELS.entries())
        if (issuedOf(counts[channel]) >= shareOf(at) - few) until[channel] ??= Date.now();
      if (performance.now() - saidMs >= SAY_EVERY_MS) {
        saidMs = performance.now();
        progress(`${issued} of ${winners} vouchers; ${pods.all().length} pods`);
      }
      await disturb(issued / winners);
      return issued >= winners && (await world.backlog()).messages === 0;
    };
    // Each channel at its rate, three times as long, and what redeliveries take.
    const timeoutMs = 3 * (winners / CHANNELS.length / perSecond) * 1_000 + outageMs + 300_000;
    await eventually(look, {
      what: 'every voucher, and nothing that waits',
      timeoutMs,
      everyMs: LOOK_EVERY_MS,
      signal,
    });
    const endedAtMs = Date.now();
    const used = await cpu();

    const counts = await readCounts(world);
    const facts = await readWinners(world.access, signal);
    const issued = compareIssued({ facts, books: await world.vouchers(), stocks: world.stocks });
    const issuedFacts = new Set(facts.flatMap(({ type, receipt }) => (type === 'issued' ? [receipt] : []))).size;
    const gaps = await world.gaps();
    const books = await world.books();
    const stalls: Record<string, readonly Stall[]> = {};
    for (const channel of CHANNELS) stalls[channel] = await readStalls(stallsDir, counts[channel]);
    return {
      startedAtMs,
      endedAtMs,
      announcedMs,
      untilMs: Object.fromEntries(CHANNELS.map((channel) => [channel, until[channel] ?? endedAtMs])),
      disturbances,
      kills,
      counts,
      stalls,
      issued,
      issuedFacts,
      gaps,
      books,
      used,
      failedTicks: operator.failures(),
    };
  } finally {
    ended.abort();
    await operator.done();
  }
};

export type IssuanceRun = Awaited<ReturnType<typeof playOn>>;

/** What holds whatever the speed. */
export const exactlyOnce = ({ issued, issuedFacts, gaps, books }: IssuanceRun, winners: number) => ({
  eachHasOne: issued.verdict === 'complete' && issued.winners === winners && issued.issued === winners,
  eachIsKnown: issuedFacts === winners,
  noneIsMissingOrUnexpected: gaps.missing.length === 0 && gaps.unexpected.length === 0,
  noneIsDouble: CHANNELS.every((name) => books[name].doubles.length === 0 && books[name].doubleRequests.length === 0),
});

/** Whether all that was to go wrong did. */
export const disturbedBy = ({ counts, disturbances, kills }: IssuanceRun) => ({
  kills: kills > 0,
  ...Object.fromEntries(
    FAULTS.map(({ kind }) => [kind, CHANNELS.some((name) => (counts[name].faults[kind] ?? 0) > 0)] as const),
  ),
  outage: (counts[DOWN].faults['reset'] ?? 0) > 0,
  restart: disturbances.some(({ what }) => what === 'journal restarted'),
});

/** Servers, channels and pods of its own, which end with it. @param use with the world still running */
export const withIssuanceSoak = async <T>(soak: IssuanceSoak, use: (run: IssuanceRun) => Promise<T>): Promise<T> => {
  const dir = await mkdtemp(join(tmpdir(), 'voucher-issuance-'));
  const ending = new AsyncDisposableStack();
  try {
    ending.defer(() => rm(dir, { recursive: true, force: true }));
    const stallsDir = join(dir, 'stalls');
    await mkdir(stallsDir);
    const { perSecond, ackWaitMs, sabotage } = soak;
    const world = await startIssuanceProcesses({
      perSecond,
      ackWaitMs,
      nodeArgs: [...recordingStalls(stallsDir), ...(sabotage === undefined ? [] : preloaded(`${sabotage}.ts`))],
    });
    ending.defer(() => world.stop());
    return await use(await playOn(world, stallsDir, soak));
  } finally {
    await ending.disposeAsync();
  }
};
