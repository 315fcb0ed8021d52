/** The command as a user calls it: files in, text and an exit code out. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCli } from '../../../cli/run.ts';
import { POLICIES } from '../../../simulation/policies/policy.ts';
import { withFreshOutput } from '../../helpers/documented-output.ts';
import { unreadable } from '../../helpers/svg-text.ts';

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
/** The plant on which only the autoscaler of records decides. */
const stepped = (...more: readonly string[]) =>
  call('-f', join(examples, 'traces/step-80x.yaml'), '--trace', TRACE, '--tier', 'records', ...more);

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

  it('shows a table, and how long it took', async () => {
    const { code, out, err } = await simulate();
    expect(code).toBe(0);
    expect(out).toMatch(/^policy +voucher-operator\n/);
    expect(out).toMatch(/99 of 100 wait at most +\d/);
    expect(err).toBe('simulated 8:40 min in 0 ms\n');
  });

  it('compares a queue with citizens who come again by Retry-After', async () => {
    const play = async (...more: readonly string[]) =>
      JSON.parse((await simulate('--start-seconds', '30', '-o', 'json', ...more)).out);
    const [queue, retries] = [await play('--waiting-room'), await play()];
    expect(queue.lateOver5Seconds).toBeLessThanOrEqual(retries.lateOver5Seconds);
    expect(queue.timeline).not.toEqual(retries.timeline);
  });

  it('draws a picture of its own, without scripts or anything from elsewhere', async () => {
    const { code, out } = await simulate('-o', 'svg', '--policy', 'hpa-default');
    expect(code).toBe(0);
    expect(out).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    expect(out).not.toMatch(/<script|href|NaN|undefined|Infinity/);
    expect(out).toContain('prefers-color-scheme: dark');
  });

  it('names the policy in the title and the JSON as in the option', async () => {
    const { out } = await simulate('-o', 'svg', '--policy', 'keda-expert');
    expect(out).toMatch(/<title>Simulation with keda-expert: /);
    expect(JSON.parse((await simulate('-o', 'json')).out)).toMatchObject({ policy: 'voucher-operator' });
  });

  it('adds a cost where a price is given', async () => {
    const { out } = await simulate('--cost-per-pod-hour', '0.5');
    const [, podHours, cost] = /pod-hours +(\S+)\ncost +(\S+)\n/.exec(out) ?? [];
    expect(Number(cost) / Number(podHours)).toBeCloseTo(0.5, 2);
    expect(JSON.parse((await simulate('--cost-per-pod-hour', '0', '-o', 'json')).out)).toHaveProperty('cost', 0);
  });

  it('compares all policies: the sentence first, a row for each, figures as of each alone', async () => {
    const { code, out } = await simulate('--compare');
    expect(code).toBe(0);
    const [sentence, empty, head, ...rows] = out.trimEnd().split('\n');
    expect(sentence).toMatch(/^(\S.* (is|are) best: fewest late citizens|Fewest late citizens: )/);
    expect([empty, head]).toEqual([
      '',
      expect.stringMatching(/^policy +late \(> 5 s\) +99 % wait +pod-hours +ScalePlans$/),
    ]);
    expect(rows.map((row) => row.split(' ')[0])).toEqual(POLICIES);

    const compared = JSON.parse((await simulate('--compare', '-o', 'json')).out);
    expect(compared.summary).toBe(sentence);
    const alone = JSON.parse((await simulate('--policy', 'hpa-default', '-o', 'json')).out);
    expect(compared.policies.find(({ policy }: { policy: string }) => policy === 'hpa-default')).toEqual({
      policy: 'hpa-default',
      lateOver5Seconds: alone.lateOver5Seconds,
      waitP50Seconds: alone.waitP50Seconds,
      waitP99Seconds: alone.waitP99Seconds,
      peakBacklog: alone.peakBacklog,
      drainedAtSeconds: alone.drainedAtSeconds,
      maxReplicas: alone.maxReplicas,
      podHours: alone.podSeconds / 3_600,
      cost: null,
      scalePlans: 0,
    });
  });

  it('sweeps a ceiling: fewer are late the wider it is, and the last line says where that ends', async () => {
    const { code, out } = await stepped('--sweep', 'ceiling=450..1000:50');
    expect(code).toBe(0);
    expect(out).toMatch(/^ceiling +late/);
    expect(out.trimEnd().split('\n').at(-1)).toMatch(
      /^Above \d+, more replicas save .+ At \d+: [\d,]+ late, .+ pod-hours/,
    );
    const { points } = JSON.parse((await stepped('--sweep', 'ceiling=450,1000', '-o', 'json')).out);
    expect(points[1].lateOver5Seconds).toBeLessThan(points[0].lateOver5Seconds / 2);
  });

  it('sweeps the forecast, the capacity and any other field, with any policy', async () => {
    const lateOf = async (field: string, ...more: readonly string[]) =>
      JSON.parse((await stepped('--sweep', field, '-o', 'json', ...more)).out).points.map(
        ({ lateOver5Seconds }: { lateOver5Seconds: number }) => lateOver5Seconds,
      );
    expect((await lateOf('forecast=1000,8000'))[1]).toBe(0);
    const [few, many] = await lateOf('capacityPerReplica=20,40', '--policy', 'keda-expert');
    expect(many).toBeLessThan(few);
    const [soon, later] = await lateOf('spec.scaling.drainWithin=5s,2m', '--policy', 'keda-expert');
    expect(soon).toBeLessThan(later);
  });

  it.each([['--compare'], ['--sweep', 'ceiling=500,700']])('%s has a picture that is readable', async (...args) => {
    const { code, out } = await stepped(...args, '-o', 'svg', '--cost-per-pod-hour', '0.04');
    expect([code, unreadable(out)]).toEqual([0, []]);
    expect(out).not.toMatch(/<script|href|NaN|undefined|Infinity/);
  });

  it.each([...POLICIES])('draws %s so that it is readable', async (policy) => {
    expect(unreadable((await simulate('-o', 'svg', '--policy', policy)).out)).toEqual([]);
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
      says: [
        'There is no policy "best"',
        'voucher-operator, keda-expert-1s, keda-expert, keda-default, hpa-default, no-autoscaler',
      ],
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
    'a comparison of one policy': {
      args: async () => ['-f', CAMPAIGN, '--trace', TRACE, '--compare', '--policy', 'keda-expert'],
      says: ["option '--compare' cannot be used with option '--policy <name>'"],
    },
    'a sweep and a comparison at once': {
      args: async () => ['-f', CAMPAIGN, '--trace', TRACE, '--compare', '--sweep', 'ceiling=70,80'],
      says: ["option '--compare' cannot be used with option '--sweep <field=values>'"],
    },
    'a sweep without values': {
      args: async () => ['-f', CAMPAIGN, '--trace', TRACE, '--sweep', 'ceiling'],
      says: [
        "option '--sweep <field=values>' argument 'ceiling' is invalid",
        'write FIELD=10,20,40 or FIELD=10..40:10',
      ],
    },
    'a sweep over a field that no cluster knows': {
      args: async () => ['-f', CAMPAIGN, '--trace', TRACE, '--sweep', 'scaling.drainWithn=10s,20s'],
      says: ['--sweep scaling.drainWithn=10s: spec.scaling.drainWithn: unknown field, did you mean "drainWithin"?'],
    },
    'a swept value of the wrong kind': {
      args: async () => ['-f', CAMPAIGN, '--trace', TRACE, '--sweep', 'forecast=many,1'],
      says: ['--sweep forecast=many: spec.scaling.peakArrivalsPerSecond: must be', 'is "many"'],
    },
    'a swept value that breaks a rule of the cluster': {
      args: async () => ['-f', CAMPAIGN, '--trace', TRACE, '--sweep', 'ceiling=1,70'],
      says: ['--sweep ceiling=1: spec.scaling.authorized.ceilings.intake: ', 'raise the ceiling or lower min'],
    },
    'a price below zero': {
      args: async () => ['-f', CAMPAIGN, '--trace', TRACE, '--cost-per-pod-hour', '-1'],
      says: ['Write a number from 0 on'],
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

  it('says what docs/simulator.md shows: npm run evidence -- simulator writes it', async () => {
    const document = await readFile(join(examples, '../docs/simulator.md'), 'utf8');
    expect(document.match(/^\$ npm run -s voucher -- simulate /gm)).toHaveLength(2);
    expect(await withFreshOutput(document)).toBe(document);
  });

  it('helps with exit code 0', async () => {
    const { code, out } = await call('--help');
    expect(code).toBe(0);
    expect(out).toContain('--opens-at-second');
  });
});
