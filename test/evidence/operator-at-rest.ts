/**
 * What an operator takes while one campaign waits for its day: resident memory and CPU of both replicas, from their own
 * metrics, every five seconds for two minutes after a minute of settling. `--cluster NAME` uses a cluster that is there.
 */
import { PORTS } from '../../contract/app-contract.ts';
import { parseMetrics } from '../../operator/signals/metrics-text.ts';
import { observeFor, type Platform, withPlatform } from '../helpers/platform.ts';
import type { Scenario } from '../helpers/scenario.ts';

const SETTLE_MS = 60_000;
const OBSERVE_MS = 120_000;
const EVERY_MS = 5_000;
const MOST = { residentMiB: 250, cpuPercent: 3 };
const MONTH_MS = 30 * 86_400_000;
const NAMES = ['process_resident_memory_bytes', 'process_cpu_seconds_total', 'voucher_operator_leading'] as const;

interface Sample {
  readonly pod: string;
  readonly atMs: number;
  readonly residentMiB: number;
  readonly cpuSeconds: number;
  readonly isLeading: boolean;
}

const sample = async ({ system }: Platform, signal: AbortSignal): Promise<readonly Sample[]> => {
  const columns = 'jsonpath={range .items[*]}{.metadata.name} {.status.podIP}{"\\n"}{end}';
  const pods = (await system('get', 'pods', '-l', 'app.kubernetes.io/component=operator', '-o', columns)).trim();
  return Promise.all(
    pods.split('\n').map(async (line) => {
      const [pod = '', ip = ''] = line.split(' ');
      const page = await (await fetch(`http://${ip}:${PORTS.admin}/metrics`, { signal })).text();
      const found = parseMetrics(page, NAMES);
      const numberOf = (name: (typeof NAMES)[number]): number => found.get(name)?.[0]?.value ?? Number.NaN;
      return {
        pod,
        atMs: Date.now(),
        residentMiB: numberOf('process_resident_memory_bytes') / 2 ** 20,
        cpuSeconds: numberOf('process_cpu_seconds_total'),
        isLeading: numberOf('voucher_operator_leading') === 1,
      };
    }),
  );
};

const round = (value: number): number => Math.round(value * 100) / 100;

const figuresOf = (samples: readonly Sample[]) => {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined) throw new Error('a pod was never seen');
  return {
    isLeading: last.isLeading,
    residentMiBMost: round(Math.max(...samples.map(({ residentMiB }) => residentMiB))),
    cpuPercentOfACore: round((100 * (last.cpuSeconds - first.cpuSeconds)) / ((last.atMs - first.atMs) / 1000)),
  };
};

export const scenario: Scenario = {
  issue: '03',
  run: (context) =>
    withPlatform(context, { opensInMs: MONTH_MS, closesInMs: MONTH_MS + 86_400_000 }, async (platform) => {
      const { signal, progress } = context;
      progress('settling');
      await observeFor(SETTLE_MS, signal);
      progress('at rest');
      const raw: Sample[] = [];
      for (let ms = 0; ms <= OBSERVE_MS; ms += EVERY_MS) {
        if (ms > 0) await observeFor(EVERY_MS, signal);
        raw.push(...(await sample(platform, signal)));
      }
      const pods = [...new Set(raw.map(({ pod }) => pod))];
      const figures = pods.map((pod) => figuresOf(raw.filter((one) => one.pod === pod)));
      const holds =
        figures.length === 2 &&
        figures.filter(({ isLeading }) => isLeading).length === 1 &&
        figures.every(
          ({ residentMiBMost, cpuPercentOfACore }) =>
            residentMiBMost <= MOST.residentMiB && cpuPercentOfACore <= MOST.cpuPercent,
        );
      return { kind: 'ran', holds, summary: { most: MOST, operators: figures }, raw };
    }),
};
