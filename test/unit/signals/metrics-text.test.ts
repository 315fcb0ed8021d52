import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Counter, collectDefaultMetrics, Registry } from 'prom-client';
import { exportClocks } from '../../../app/clock/metrics.ts';
import { createIntakeMetrics } from '../../../app/intake/metrics.ts';
import { ARRIVAL_OUTCOMES } from '../../../contract/app-contract.ts';
import { MetricsTextError, parseMetrics } from '../../../operator/signals/metrics-text.ts';
import { RECENT_METRICS } from '../../../operator/signals/recent-second.ts';
import { sampleOf } from '../../../operator/signals/scrape.ts';
import { aMetricsPage } from '../../helpers/a-metrics-page.ts';

const only = (line: string) => parseMetrics(`${line}\n`, ['m']).get('m');

describe('parseMetrics', () => {
  it.each([
    ['m 1', {}, 1],
    ['m{} 1', {}, 1],
    ['m{a="b"} 1.5e3', { a: 'b' }, 1500],
    ['m{a="b",} -2E-1', { a: 'b' }, -0.2],
    ['m { a="b"} 1', undefined, undefined],
    ['m{ a = "b" , c="d" } .5', { a: 'b', c: 'd' }, 0.5],
    ['m{a="}{ \\" , \\\\ \\n \\x"} 7 1600999200000', { a: '}{ " , \\ \n \\x' }, 7],
    ['m{a="中文"}\t7', { a: '中文' }, 7],
    ['m +Inf', {}, Number.POSITIVE_INFINITY],
    ['m -inf', {}, Number.NEGATIVE_INFINITY],
    ['m 1\r', {}, 1],
  ])('reads %j', (line, labels, value) => {
    if (labels === undefined) expect(() => only(line)).toThrow(MetricsTextError);
    else expect(only(line)).toEqual([{ labels, value }]);
  });

  it.each([
    'm',
    'm ',
    'm NaN',
    'm nan',
    'm 0x10',
    'm 1_000',
    'm 1 2 3',
    'm abc',
    'm{a="b" 1',
    'm{a="b}',
    'm{a=b} 1',
    'm{a="b"c="d"} 1',
    'm{a="b"}1',
    'm{a="b"} ',
    '{"m"} 1',
  ])('never makes a number of %j', (line) => {
    const read = (): unknown => only(line);
    if (line.startsWith('m')) expect(read).toThrow(MetricsTextError);
    else expect(read()).toBeUndefined();
  });

  it('skips what nobody asked for, unread', () => {
    expect([...parseMetrics('mm{broken 1\n# m 1\n\nm 2\nnm 3\n', ['m']).keys()]).toEqual(['m']);
  });

  it('finds a page that was cut off at any byte but a line’s end', () => {
    const page = aMetricsPage({ accepted: 123, shed: 45 });
    for (let length = 0; length < page.length; length += 1) {
      if (page[length - 1] === '\n') continue;
      expect(() => parseMetrics(page.slice(0, length), [])).toThrow(/cut off/);
    }
  });

  it('reads back whatever prom-client writes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(fc.string(), fc.double({ min: 0, max: 1e15, noNaN: true })), {
          selector: ([label]) => label,
          minLength: 1,
          maxLength: 5,
        }),
        async (rows) => {
          const registry = new Registry();
          const counter = new Counter({ name: 'm', help: 'h', labelNames: ['a'], registers: [registry] });
          for (const [label, value] of rows) counter.inc({ a: label }, value);
          const samples = parseMetrics(await registry.metrics(), ['m']).get('m');
          expect(samples).toEqual(rows.map(([label, value]) => ({ labels: { a: label }, value })));
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('sampleOf', () => {
  it('reads what the pod says of clocks, off the page that it really makes', async () => {
    const registry = new Registry();
    collectDefaultMetrics({ register: registry });
    createIntakeMetrics(registry, {
      now: () => 1_000,
      monotonicMs: () => 1_000,
      inFlight: () => 0,
      turnedAway: () => 0,
    });
    let offsets: readonly { readonly clock: string; readonly aheadSeconds: number }[] = [];
    exportClocks(registry, { offsets: () => offsets });
    expect(sampleOf('a', await registry.metrics()).clocks).toBeUndefined();
    offsets = [
      { clock: 'own', aheadSeconds: -600.25 },
      { clock: 'journal voucher-nats-0', aheadSeconds: 0.001 },
    ];
    expect(sampleOf('a', await registry.metrics()).clocks).toEqual(offsets);
  });

  it('reads the page that the intake really makes, from its first second on', async () => {
    const registry = new Registry();
    collectDefaultMetrics({ register: registry });
    let turnedAway = 0;
    const metrics = createIntakeMetrics(registry, {
      now: () => 1_600_999_200_250,
      monotonicMs: () => 1_000,
      inFlight: () => 0,
      turnedAway: () => turnedAway,
    });
    expect(sampleOf('a', await registry.metrics())).toMatchObject({ counter: 0, sourceAtMs: 1_600_999_200_250 });
    for (const outcome of ARRIVAL_OUTCOMES) metrics.answered(outcome, 0.01);
    turnedAway = 7;
    const { counter, sentAway, startedAtMs } = sampleOf('a', await registry.metrics());
    // Six outcomes, one of them a canary; seven more were sent away below HTTP.
    expect(counter).toBe(5 + 7);
    expect(sentAway).toBe(3 + 7);
    expect(Math.abs(Date.now() - process.uptime() * 1000 - startedAtMs)).toBeLessThan(2_000);
  });

  it('reads the last second and who is due back off the page that the intake really makes', async () => {
    const registry = new Registry();
    collectDefaultMetrics({ register: registry });
    let nowMs = 50_000;
    const sources = { now: () => 1_000, monotonicMs: () => nowMs, inFlight: () => 0, turnedAway: () => 0 };
    const metrics = createIntakeMetrics(registry, sources);
    for (let n = 0; n < 40; n += 1) metrics.askedAgain(1);
    nowMs = 51_250;
    metrics.arrived();
    metrics.arrived();
    nowMs = 51_390;
    metrics.arrived();
    nowMs = 51_400;
    const { returned, recent } = sampleOf('a', await registry.metrics());
    // Of the half second in which they come, four tenths are over; in the first and last one half as many come.
    expect(returned).toBeCloseTo(40 * 0.7, 6);
    expect(recent).toEqual({
      tenths: [1, 2, 0, 0, 0, 0, 0, 0, 0, 0],
      returned: [expect.closeTo(40 * 0.7, 2), 0],
      dueBack: expect.closeTo(40 * 0.3, 2),
    });
  });

  it('adds little more than a kilobyte to the page for it', async () => {
    const registry = new Registry();
    let nowMs = 50_000;
    const sources = { now: () => 1_000, monotonicMs: () => nowMs, inFlight: () => 0, turnedAway: () => 0 };
    const metrics = createIntakeMetrics(registry, sources);
    for (let n = 0; n < 3_000; n += 1) {
      nowMs += 1.3;
      metrics.arrived();
      metrics.askedAgain(1 + (n % 3));
    }
    const lines = (await registry.metrics())
      .split('\n')
      .filter((line) => RECENT_METRICS.some((name) => line.includes(name)));
    expect(lines.length).toBe(4 * 2 + 1 + 1 + 10 + 2);
    expect(lines.join('\n').length).toBeLessThanOrEqual(1_280);
  });

  it('reads the page of an older release, which tells none of it', () => {
    const sample = sampleOf('a', aMetricsPage({ accepted: 100 }));
    expect(sample).not.toHaveProperty('recent');
    expect(sample).not.toHaveProperty('returned');
  });

  it('adds up attempts, whatever became of them, without canaries', () => {
    expect(sampleOf('a', aMetricsPage({ accepted: 100, shed: 20, canary: 7, now: 1000.25, started: 400 }))).toEqual({
      pod: 'a',
      counter: 120,
      sentAway: 20,
      sourceAtMs: 1_000_250,
      startedAtMs: 400_000,
    });
  });

  const page = aMetricsPage({ accepted: 100 });
  const newer = aMetricsPage({ accepted: 100, recent: {} });
  it.each([
    ['no series of arrivals', page.replace(/^voucher_intake_arrivals_total.*\n/gm, '')],
    [
      'only canaries',
      page.replace(/^voucher_intake_arrivals_total\{outcome="[a-b,d-z].*\n/gm, '').replace(/^.*accepted.*\n/gm, ''),
    ],
    ['no time', page.replace(/^voucher_scrape_timestamp_seconds.*\n/m, '')],
    ['no start', page.replace(/^process_start_time_seconds.*\n/m, '')],
    ['a time that is none', page.replace(/^(voucher_scrape_timestamp_seconds).*\n/m, '$1 +Inf\n')],
    ['a counter that is not finite', page.replace('accepted"} 100', 'accepted"} +Inf')],
    ['a counter below zero', page.replace('accepted"} 100', 'accepted"} -1')],
    ['a counter that is no number', page.replace('accepted"} 100', 'accepted"} NaN')],
    ['only nine tenths of its last second', newer.replace(/^voucher_intake_recent_arrivals\{ago="4"\}.*\n/m, '')],
    ['tenths, and no one who is due back', newer.replace(/^voucher_intake_due_back_citizens.*\n/m, '')],
    ['tenths, and no count of returns', newer.replace(/^voucher_intake_expected_returns_total .*\n/m, '')],
    ['a tenth below zero', newer.replace('{ago="4"} 0', '{ago="4"} -1')],
    ['returns that are not finite', newer.replace('recent_returns{ago="1"} 0', 'recent_returns{ago="1"} +Inf')],
    ['an empty page', ''],
    ['a page of something else', '<html>ok</html>\n'],
  ])('takes no number from a page with %s', (_, wrong) => {
    expect(() => sampleOf('a', wrong)).toThrow();
  });
});
