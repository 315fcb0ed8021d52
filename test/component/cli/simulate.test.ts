/** The command as a user calls it: files in, text and an exit code out. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCli } from '../../../cli/run.ts';

const examples = join(import.meta.dirname, '../../../examples');
const CAMPAIGN = join(examples, 'chengdu-2020-phase-3.yaml');
const TRACE = join(examples, 'traces/step-80x.csv');

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'voucher-cli-'));
});
afterAll(() => rm(folder, { recursive: true }));

const file = async (name: string, text: string): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
};
const call = async (...args: readonly string[]) => {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await runCli(['simulate', ...args], {
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    now: () => 0,
    wallMs: () => 0,
    env: {},
  });
  return { code, out: out.join(''), err: err.join('') };
};
const simulate = (...more: readonly string[]) => call('-f', CAMPAIGN, '--trace', TRACE, ...more);

describe('kubectl voucher simulate', () => {
  it('answers in exactly these fields', async () => {
    const { code, out } = await simulate('-o', 'json');
    const result: Readonly<Record<string, unknown>> = JSON.parse(out);
    expect(code).toBe(0);
    expect(Object.keys(result)).toEqual([
      'policy',
      'waitP50Seconds',
      'waitP99Seconds',
      'lateOver5Seconds',
      'peakBacklog',
      'drainedAtSeconds',
      'maxReplicas',
      'podSeconds',
      'firstScaleUpSeconds',
      'plans',
      'timeline',
    ]);
    expect(Object.keys((result['timeline'] as readonly object[])[0] ?? {})).toEqual([
      't',
      'arrivals',
      'backlog',
      'desired',
      'ready',
      'limitedBy',
    ]);
  });

  it('tells it as a table, and how long it took', async () => {
    const { code, out, err } = await simulate();
    expect(code).toBe(0);
    expect(out).toMatch(/^policy +ours\n/);
    expect(out).toMatch(/99% wait at most +\d/);
    expect(err).toBe('simulated 0.0 days in 0.0 s\n');
  });

  it('draws a picture of its own, without scripts or anything from elsewhere', async () => {
    const { code, out } = await simulate('-o', 'svg', '--policy', 'hpa-default');
    expect(code).toBe(0);
    expect(out).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    expect(out).not.toMatch(/<script|href|NaN|undefined|Infinity/);
    expect(out).toContain('prefers-color-scheme: dark');
  });

  it('shifts opening: what comes before it is refused, and comes again', async () => {
    const at = async (second: string) => JSON.parse((await simulate('-o', 'json', '--opens-at-second', second)).out);
    const [early, late] = [await at('0'), await at('120')];
    expect(late.timeline.find(({ t }: { t: number }) => t === 0).arrivals).toBe(8000);
    expect(early.timeline.find(({ t }: { t: number }) => t === 0).arrivals).toBe(100);
  });

  it('reads a campaign as a cluster gives it, with its status and what the API server wrote', async () => {
    const text = await readFile(CAMPAIGN, 'utf8');
    const stored = text.replace(
      'metadata:',
      'metadata:\n  uid: u1\n  generation: 3\n  finalizers: [voucher-operator.io/journal]',
    );
    const { code, err } = await call(
      '-f',
      await file('stored.yaml', `${stored}\nstatus: {stage: Open}\n`),
      '--trace',
      TRACE,
    );
    expect(err).toMatch(/^simulated/);
    expect(code).toBe(0);
  });

  const bad: Record<string, { readonly args: () => Promise<readonly string[]>; readonly says: readonly string[] }> = {
    'an unknown policy lists the known ones': {
      args: async () => ['-f', CAMPAIGN, '--trace', TRACE, '--policy', 'best'],
      says: ['There is no policy "best"', 'ours, hpa-default, keda-default, keda-expert'],
    },
    'a bad row names file, line and remedy': {
      args: async () => ['-f', CAMPAIGN, '--trace', await file('bad.csv', '0,1\nsoon,2\n9,0\n')],
      says: ['bad.csv, line 2: write two numbers, seconds,arrivalsPerSecond'],
    },
    'a trace that is not there': {
      args: async () => ['-f', CAMPAIGN, '--trace', join(folder, 'none.csv')],
      says: ['--trace', "none.csv can't be read: it is not there"],
    },
    'no trace': { args: async () => ['-f', CAMPAIGN], says: ["required option '--trace <trace.csv>' not specified"] },
    'a file that holds something else': {
      args: async () => ['-f', await file('pod.yaml', 'kind: Pod\n'), '--trace', TRACE],
      says: ['pod.yaml:1: kind: must be VoucherCampaign, is "Pod"'],
    },
    'a campaign with wrong values names every line, field and remedy': {
      args: async () => {
        const text = await readFile(CAMPAIGN, 'utf8');
        const wrong = text.replace('max: 600', 'max: many').replace(/leadTime: 30m/, 'leadTime: soon');
        return ['-f', await file('wrong.yaml', wrong), '--trace', TRACE];
      },
      says: [
        'spec.scaling.tiers.intake.max: must be integer, is "many": write a whole number without quotes',
        'spec.scaling.preWarm.leadTime: "soon" is not a duration: ',
      ],
    },
    'a campaign that breaks a rule of the cluster': {
      args: async () => {
        const text = await readFile(CAMPAIGN, 'utf8');
        return ['-f', await file('rule.yaml', text.replace('min: 2, max: 600', 'min: 9, max: 6')), '--trace', TRACE];
      },
      says: ['spec.scaling.tiers.intake'],
    },
    'a field that no cluster knows': {
      args: async () => {
        const text = await readFile(CAMPAIGN, 'utf8');
        return ['-f', await file('typo.yaml', text.replace('leadTime:', 'leadTimes:')), '--trace', TRACE];
      },
      says: ['spec.scaling.preWarm.leadTimes: unknown field, did you mean "leadTime"?'],
    },
    'text that is no number': {
      args: async () => ['-f', CAMPAIGN, '--trace', TRACE, '--start-seconds', 'x'],
      says: ['Write a number from 0 on'],
    },
  };
  it.each(Object.entries(bad))('%s, with exit code 2', async (_, { args, says }) => {
    const { code, out, err } = await call(...(await args()));
    expect([code, out]).toEqual([2, '']);
    for (const words of says) expect(err).toContain(words);
  });

  it('helps with exit code 0', async () => {
    const { code, out } = await call('--help');
    expect(code).toBe(0);
    expect(out).toContain('--opens-at-second');
  });
});
