/** Rules in promtool: each alert fires with its fault, and is silent without it. */
import { execFile } from 'node:child_process';
import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { ensurePrometheus } from '../../local/binaries/prometheus.ts';
import { ALERTS } from '../../observability/rules.ts';
import { ALERT_CASES, type AlertCase, type AlertCases } from './alert-cases.ts';

const RULES = join(import.meta.dirname, '../../charts/voucher-operator/files/rules.yaml');
const CONFIG = join(import.meta.dirname, '../../deploy/prometheus.yaml');
/** The suite gets it first, and is listed as NOT RUN where that fails. */
const programs = await ensurePrometheus({ signal: new AbortController().signal, progress: () => undefined });

/** Exit code and output of promtool. */
const promtool = async (...args: readonly string[]): Promise<string> => {
  const run = promisify(execFile)(programs.promtool, [...args]);
  return run.then(
    ({ stdout }) => stdout,
    (error: { stdout: string; stderr: string }) => `FAILED ${error.stdout}${error.stderr}`,
  );
};

interface Judged {
  readonly alert: string;
  readonly what: string;
  readonly case: AlertCase;
  readonly fires: boolean;
}

const judged = (alert: string, { fires, silent }: AlertCases): readonly Judged[] => [
  ...Object.entries(fires).map(([what, found]) => ({ alert, what, case: found, fires: true })),
  ...Object.entries(silent).map(([what, found]) => ({ alert, what, case: found, fires: false })),
];

/** All in one run of Prometheus, which is quick: each case has a namespace of its own, and no rule joins two namespaces. */
const testOf = (cases: readonly Judged[]) => {
  const own = (text: string, at: number): string => text.replace(/namespace="[^"]*"/, `namespace="case-${at}"`);
  return {
    interval: '15s',
    input_series: cases.flatMap(({ case: { series } }, at) =>
      Object.entries(series).map(([name, values]) => ({ series: own(name, at), values })),
    ),
    // ALERTS is the series that Prometheus itself makes of alerts. The rest of the expression is for the reader of a failure.
    promql_expr_test: cases.map(({ alert, what, case: { at: time = '10m', isAlone = false }, fires }, at) => {
      const firing = `ALERTS{alertname="${alert}", alertstate="firing", namespace="${isAlone ? '' : `case-${at}`}"}`;
      return {
        expr: `label_replace(count(${firing}) > bool 0, "case", "${what}", "", "")`,
        eval_time: time,
        exp_samples: fires ? [{ labels: `{case="${what}"}`, value: 1 }] : [],
      };
    }),
  };
};

const runTests = async (cases: readonly Judged[]): Promise<string> => {
  await using scratch = await mkdtempDisposable(join(tmpdir(), 'voucher-rules-'));
  const file = join(scratch.path, 'rules.test.yaml');
  // Prometheus evaluates a group up to its latest look.
  const groups = Map.groupBy(cases, (one) => (one.case.isAlone === true ? one.what : (one.case.at ?? '10m')));
  const tests = [...groups.values()].map(testOf);
  await writeFile(file, stringify({ rule_files: [RULES], evaluation_interval: '15s', tests }));
  return await promtool('test', 'rules', file);
};

describe('rules', () => {
  it('each have a case that fires it and one that keeps it silent', () => {
    expect(Object.keys(ALERT_CASES).toSorted()).toEqual(Object.keys(ALERTS).toSorted());
    const lacking = Object.entries(ALERT_CASES).filter(
      ([, { fires, silent }]) => Object.keys(fires).length === 0 || Object.keys(silent).length === 0,
    );
    expect(lacking).toEqual([]);
  });

  it('are accepted by promtool', async () => {
    expect(await promtool('check', 'rules', RULES)).toContain('SUCCESS');
  });

  it('are loaded by the configuration for a plain Prometheus', async () => {
    // Debian builds Prometheus without the discovery of pods.
    const config = (await readFile(CONFIG, 'utf8'))
      .replaceAll(/kubernetes_sd_configs: .*/g, 'static_configs: [{targets: [localhost]}]')
      .replace('../charts/voucher-operator/files/rules.yaml', RULES);
    await using scratch = await mkdtempDisposable(join(tmpdir(), 'voucher-rules-'));
    const file = join(scratch.path, 'prometheus.yaml');
    await writeFile(file, config);
    expect(await promtool('check', 'config', file)).toMatch(/SUCCESS: 1 rule files found[\s\S]*SUCCESS/);
  });

  it('fire with their fault, and are silent without it', async () => {
    const cases = Object.entries(ALERT_CASES).flatMap(([alert, found]) => judged(alert, found));
    expect(cases.length).toBeGreaterThan(100);
    expect(await runTests(cases)).toContain('SUCCESS');
  });

  it('are judged by a check that fails when an alert does not fire, or fires', async () => {
    const wrong = judged('VoucherTierBelowMin', ALERT_CASES['VoucherTierBelowMin'] ?? { fires: {}, silent: {} });
    const said = await runTests(wrong.map((one) => ({ ...one, fires: !one.fires })));
    for (const { what } of wrong) expect(said).toMatch(new RegExp(`"${what}"[^]*got:`));
  });
});
