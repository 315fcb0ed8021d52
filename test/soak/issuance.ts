/**
 * Each winner gets exactly one voucher, by the channels' own books, through all that goes wrong (test/helpers/channels/issuance-soak.ts),
 * and while no pod, channel or journal is disturbed the permitted rate is used. `--winners N`, default 100,000; `--per-second N` of each
 * channel. The outage of two minutes is shortened with N. `--sabotage fresh-number` must end with exit 1.
 */
import { parseArgs } from 'node:util';
import { CHANNELS, type Channel } from '../../contract/envelope.ts';
import { fullSeconds } from '../../local/providers/stalls.ts';
import { disturbedBy, exactlyOnce, type IssuanceRun, withIssuanceSoak } from '../helpers/channels/issuance-soak.ts';
import { meanRate } from '../helpers/providers/judge.ts';
import type { Scenario } from '../helpers/scenario.ts';

const ALL = 100_000;
const OUTAGE_MS = 120_000;
const SHORTEST_OUTAGE_MS = 5_000;
const PODS = 3;
const KILL_EVERY_MS = 10_000;
const DISTURBED = [0.35, 0.75] as const;
/** Of each channel: a voucher takes 16 ms of CPU time, journal and channels included, so two cores do 120 of them in a second. */
const MOST_PER_SECOND = 30;
/** So that a short run, too, has time to be disturbed and to be judged. */
const LASTS_SECONDS = 100;
const PROVEN_SECONDS = 10;
const LEAST_OF_LIMIT = 0.9;
const SABOTAGE = 'fresh-number';

const rateOf = (run: IssuanceRun, channel: Channel, perSecond: number) => {
  const { perSecond: seconds } = run.counts[channel];
  const untilMs = run.untilMs[channel] ?? run.endedAtMs;
  const out = run.disturbances.filter((one) => one.channel === undefined || one.channel === channel);
  const undisturbed = meanRate(seconds, run.startedAtMs, untilMs, out);
  const full = fullSeconds(seconds, perSecond, run.stalls[channel] ?? []);
  return {
    undisturbed: { ...undisturbed, ofLimit: undisturbed.perSecond / perSecond },
    overall: meanRate(seconds, run.startedAtMs, untilMs).perSecond,
    fullestSecond: Math.max(...seconds.map(({ requests }) => requests)),
    secondsAboveLimit: full.map(({ second, requests, stalls }) => ({ second, requests, stalls: stalls.length })),
    secondsAboveLimitWithoutStall: full.filter(({ stalls }) => stalls.length === 0).length,
  };
};

const numberOf = (name: string, text: string | undefined, otherwise: number): number => {
  const value = text === undefined ? otherwise : Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name}: a whole number from 1 on`);
  return value;
};

export const scenario: Scenario = {
  issue: '22',
  async run({ args, signal, progress }) {
    const text = { type: 'string' } as const;
    const options = { winners: text, 'per-second': text, sabotage: text };
    const { values } = parseArgs({ args: [...args], options });
    const { sabotage } = values;
    if (sabotage !== undefined && sabotage !== SABOTAGE) throw new Error(`--sabotage: only ${SABOTAGE}`);
    const winners = numberOf('winners', values.winners, ALL);
    const asLongAs = Math.ceil(winners / CHANNELS.length / LASTS_SECONDS);
    const perSecond = numberOf('per-second', values['per-second'], Math.min(MOST_PER_SECOND, Math.max(PODS, asLongAs)));
    const soak = {
      winners,
      perSecond,
      pods: PODS,
      killEveryMs: KILL_EVERY_MS,
      outage: { forMs: Math.max(SHORTEST_OUTAGE_MS, (OUTAGE_MS * winners) / ALL) },
      disturbed: DISTURBED,
      sabotage,
      signal,
      progress,
    };
    return withIssuanceSoak(soak, async (run) => {
      const rates = Object.fromEntries(CHANNELS.map((channel) => [channel, rateOf(run, channel, perSecond)]));
      const all = Object.values(rates);
      const claims = {
        ...exactlyOnce(run, winners),
        ratesUsed: all.every(
          ({ undisturbed }) => undisturbed.seconds >= PROVEN_SECONDS && undisturbed.ofLimit >= LEAST_OF_LIMIT,
        ),
        withinLimit: all.every(({ secondsAboveLimitWithoutStall }) => secondsAboveLimitWithoutStall === 0),
        wasDisturbed: Object.values(disturbedBy(run)).every(Boolean),
      };
      const { missing, double, withoutWin, withoutRequest, otherVoucher, excused, ...counted } = run.issued;
      const { usedMs, machineIdle } = run.used;
      const eachMs = Object.entries(usedMs).map(([group, ms]) => [group, Math.round((ms / winners) * 100) / 100]);
      return {
        kind: 'ran' as const,
        holds: Object.values(claims).every(Boolean),
        summary: {
          winners,
          limitPerSecond: perSecond,
          seconds: (run.endedAtMs - run.startedAtMs) / 1_000,
          claims,
          issued: counted.issued,
          missing: missing.length,
          double: double.length,
          doubleByChannel: Object.fromEntries(CHANNELS.map((name) => [name, run.books[name].doubles.length])),
          unexpected: withoutWin.length + withoutRequest.length + otherVoucher.length,
          excused,
          findings: counted.findings,
          rates,
          disturbances: run.disturbances.map(({ what }) => what),
          faults: Object.fromEntries(CHANNELS.map((name) => [name, run.counts[name].faults])),
          cpuMsPerVoucher: Object.fromEntries(eachMs),
          machineIdle,
        },
        ...(sabotage === undefined ? {} : { twin: sabotage }),
        raw: {
          counts: Object.fromEntries(CHANNELS.map((name) => [name, run.counts[name]])),
          disturbances: run.disturbances,
          stalls: run.stalls,
          usedMs,
          announcedMs: run.announcedMs,
          failedTicks: run.failedTicks,
          issuedFacts: run.issuedFacts,
        },
      };
    });
  },
};
