/**
 * README's commands on machines that have nothing: new Debians with Node and git (and Go, or pip, where the play says
 * so), as an ordinary user and as root. `--only NAME[,NAME]` plays some; what is there of the others is kept.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { run } from '../../tools/cluster/run.ts';
import type { Scenario } from '../helpers/scenario.ts';
import { freshMachine, makeArchive, whyNoFreshMachine } from './fresh/machine.ts';
import { PLAYS, type Play, type Step } from './fresh/plays.ts';

const ROOT = join(import.meta.dirname, '../..');
const EVIDENCE = join(ROOT, 'docs/evidence/15-fresh-machine.json');

interface Result {
  readonly play: string;
  readonly commit: string;
  readonly steps: readonly {
    readonly command: string;
    readonly seconds: number;
    readonly exit: number | null;
    readonly holds: boolean;
    /** The end of what it said, where it does not hold. */
    readonly tail?: string;
  }[];
}

const judged = (step: Step, code: number | null, seconds: number, output: string): boolean =>
  code === step.exit &&
  (step.says?.test(output) ?? true) &&
  seconds <= (step.withinSeconds ?? Number.POSITIVE_INFINITY);

const earlier = async (): Promise<readonly Result[]> => {
  const text = await readFile(EVIDENCE, 'utf8').catch(() => undefined);
  if (text === undefined) return [];
  const { raw }: { raw: readonly Result[] } = JSON.parse(text);
  return raw;
};

export const scenario: Scenario = {
  issue: '15',
  run: async ({ args, signal, progress }) => {
    const reason = whyNoFreshMachine();
    if (reason !== undefined) return { kind: 'not_run', reason };
    const { values } = parseArgs({ args: [...args], options: { only: { type: 'string' } } });
    const only = values.only?.split(',');
    const plays = PLAYS.filter(({ name }) => only === undefined || only.includes(name));
    if (plays.length === 0 || plays.length < (only?.length ?? 0)) {
      throw new Error(`--only: some of ${PLAYS.map(({ name }) => name).join(', ')}, separated by commas`);
    }
    const commit = (await run('git', ['rev-parse', 'HEAD'], { cwd: ROOT, signal })).trim();
    const dir = await mkdtemp(join(tmpdir(), 'voucher-fresh-'));
    const archives = new Map<string, string>();
    const goRoot = async (): Promise<string> => (await run('go', ['env', 'GOROOT'], { signal })).trim();

    const played = async ({ name, who, packages, withGo, steps }: Play): Promise<Result> => {
      const key = packages.join(',');
      const archive = archives.get(key) ?? (await makeArchive(dir, packages, signal));
      archives.set(key, archive);
      const source = { source: ROOT, goRoot: withGo ? await goRoot() : undefined };
      const machine = await freshMachine(dir, archive, source, signal);
      const done = [];
      try {
        for (const step of steps) {
          const { code, seconds, output } = await machine.sh(who, step.command, signal);
          const holds = judged(step, code, seconds, output);
          progress(`${name}: ${step.command}: ${seconds.toFixed(1)} s, exit ${code}${holds ? '' : ' DOES NOT HOLD'}`);
          const tail = holds ? {} : { tail: output.slice(-6_000) };
          done.push({ command: step.command, seconds: Math.round(seconds * 10) / 10, exit: code, holds, ...tail });
        }
      } finally {
        // Clusters that are still up hold mounts below the root.
        await machine.sh(
          'root',
          'npm run --silent cluster -- down; npm run --silent cluster -- down --name vo-test',
          signal,
        );
        await machine.remove();
      }
      return { play: name, commit, steps: done };
    };

    try {
      const results: Result[] = [];
      for (const play of plays) results.push(await played(play));
      const kept = (await earlier()).filter(({ play }) => !plays.some(({ name }) => name === play));
      const raw = PLAYS.flatMap(({ name }) => [...kept, ...results].filter(({ play }) => play === name));
      const seconds = Object.fromEntries(
        raw.map(({ play, steps }) => [play, Object.fromEntries(steps.map((step) => [step.command, step.seconds]))]),
      );
      return {
        kind: 'ran',
        holds: raw.length === PLAYS.length && raw.every(({ steps }) => steps.every(({ holds }) => holds)),
        summary: { seconds },
        raw,
      };
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  },
};
