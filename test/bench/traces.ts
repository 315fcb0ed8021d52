/**
 * The law beside the autoscalers that people use, on traces made from public shapes and a seed; and the same verdict on
 * the law spoiled in three ways, each of which must fail it.
 *
 *   npm run bench -- traces                        seed: the commit that last changed operator/scaling
 *   npm run bench -- traces --seed 1f2e3d
 *   npm run bench -- traces --traces a.csv b.csv   instead of those of the seed; columns as `kubectl voucher simulate`
 */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { parseTrace } from '../../simulation/trace.ts';
import type { Scenario } from '../helpers/scenario.ts';
import { caseOfTrace, casesOf, defaultCampaign, type TraceCase } from './traces/cases.ts';
import { type Contestant, type Figures, play, RIVALS, SABOTAGE_NAMES } from './traces/play.ts';
import { frozenSeed } from './traces/random.ts';
import { type Contest, lostOn, verdictOf } from './traces/verdict.ts';

const CONTESTANTS: readonly Contestant[] = ['voucher-operator', ...RIVALS, ...SABOTAGE_NAMES];

type Played = Readonly<Record<Contestant, Figures>>;

const playAll = (trace: TraceCase): Played => ({
  'voucher-operator': play(trace, 'voucher-operator'),
  'keda-expert': play(trace, 'keda-expert'),
  'keda-expert-1s': play(trace, 'keda-expert-1s'),
  'keda-default': play(trace, 'keda-default'),
  'hpa-default': play(trace, 'hpa-default'),
  'no-autoscaler': play(trace, 'no-autoscaler'),
  'always-the-maximum': play(trace, 'always-the-maximum'),
  'drops-at-once': play(trace, 'drops-at-once'),
  'counts-returns-as-arrivals': play(trace, 'counts-returns-as-arrivals'),
});

const contestOf = (name: string, played: Played, law: Contestant): Contest => ({
  name,
  law: played[law],
  expert: played['keda-expert'],
  eachSecond: played['keda-expert-1s'],
  unavoidable: played['always-the-maximum'].late,
});

const figure = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: 1 });
const thousands = (value: number): string => `${Math.round(value / 1_000)}k`;

export const scenario: Scenario = {
  issue: '19',
  async run({ args, signal, progress }) {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { seed: { type: 'string' }, traces: { type: 'string', multiple: true, default: [] } },
      allowPositionals: true,
    });
    const seed = values.seed ?? frozenSeed();
    const campaign = await defaultCampaign();
    const files = [...values.traces, ...positionals];
    const cases =
      files.length === 0
        ? casesOf(seed, campaign)
        : await Promise.all(
            files.map(async (file) =>
              caseOfTrace(seed, campaign, basename(file, '.csv'), parseTrace(await readFile(file, 'utf8'))),
            ),
          );
    progress(`seed ${seed}, ${cases.length} traces`);
    progress(
      '| trace | settings | late: law, keda-expert, 1 s | pod·s: law, keda-expert, 1 s | turns/h | p99 s | lost |',
    );
    progress('|---|---|---|---|---|---|---|');
    const played = cases.map((trace) => {
      signal.throwIfAborted();
      const all = playAll(trace);
      const contest = contestOf(trace.name, all, 'voucher-operator');
      const { law, expert, eachSecond } = contest;
      const three = (of: (one: Figures) => string): string => [law, expert, eachSecond].map(of).join(', ');
      progress(
        `| ${trace.name} | ${trace.settings} | ${three(({ late }) => figure(Math.round(late)))} | ${three(({ podSeconds }) => thousands(podSeconds))} | ${three(({ turnsPerHour }) => figure(turnsPerHour))} | ${three(({ waitP99Seconds }) => figure(waitP99Seconds))} | ${lostOn(contest).join(' ')} |`,
      );
      return { trace, all };
    });
    const verdict = (law: Contestant) => verdictOf(played.map(({ trace, all }) => contestOf(trace.name, all, law)));
    const checks = verdict('voucher-operator');
    const sabotages = SABOTAGE_NAMES.map((name) => {
      const missed = verdict(name).filter(({ holds }) => !holds);
      return { name, fails: missed.length > 0, missed };
    });
    return {
      kind: 'ran',
      // On a few traces of others a spoiled law may be lucky.
      holds: checks.every(({ holds }) => holds) && (files.length > 0 || sabotages.every(({ fails }) => fails)),
      summary: {
        seed,
        traces: cases.length,
        goals: checks.map(({ goal, measured, holds }) => `${holds ? 'holds' : 'MISSED'}: ${goal}: ${measured}`),
        sabotages: sabotages.map(
          ({ name, fails, missed }) =>
            `${fails ? 'fails' : 'PASSES'}: ${name}: ${missed.map(({ goal, measured }) => `${goal}: ${measured}`).join('; ')}`,
        ),
      },
      raw: {
        columns: ['trace', 'settings', ...CONTESTANTS.map((name) => `${name}: late pod-seconds turns/h p99`)].join(
          ' | ',
        ),
        rows: played.map(({ trace, all }) =>
          [
            trace.name,
            trace.settings,
            ...CONTESTANTS.map((name) => {
              const { late, podSeconds, turnsPerHour, waitP99Seconds } = all[name];
              return [late, podSeconds, turnsPerHour, waitP99Seconds]
                .map((value) => Math.round(value * 10) / 10)
                .join(' ');
            }),
          ].join(' | '),
        ),
      },
    };
  },
};
