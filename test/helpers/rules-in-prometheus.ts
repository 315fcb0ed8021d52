/** A real Prometheus that scrapes pages of this process, with the product's rules, evaluated each second. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { request } from 'undici';
import { stringify } from 'yaml';
import { z } from 'zod';
import type { PrometheusPrograms } from '../../local/binaries/prometheus.ts';
import { freePorts } from '../../local/free-ports.ts';
import { spawnManaged } from '../../local/managed-process.ts';
import { send, serve } from '../../runtime/small-server.ts';

const RULES = join(import.meta.dirname, '../../charts/voucher-operator/files/rules.yaml');

export interface Target {
  readonly job: string;
  /** What a scrape configuration adds. */
  readonly labels: Readonly<Record<string, string>>;
  readonly page: () => Promise<string>;
}

const sample = z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) });
const answer = z.object({ status: z.literal('success'), data: z.object({ result: z.array(sample) }) });
const rules = z.object({
  data: z.object({
    groups: z.array(
      z.object({
        rules: z.array(
          z.object({
            name: z.string(),
            health: z.string(),
            lastError: z.string().optional(),
            lastEvaluation: z.string(),
            state: z.string().optional(),
          }),
        ),
      }),
    ),
  }),
});
export type RuleState = z.infer<typeof rules>['data']['groups'][number]['rules'][number];

export interface Prometheus extends AsyncDisposable {
  /** Labels and value of each series. */
  query(
    expr: string,
  ): Promise<readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[]>;
  rules(): Promise<readonly RuleState[]>;
}

/** @param dir for its files */
export const startPrometheus = async (
  { prometheus }: PrometheusPrograms,
  targets: readonly Target[],
  dir: string,
): Promise<Prometheus> => {
  const pages = await serve(
    ({ url = '' }, response) => {
      const target = targets[Number(url.slice(1))];
      if (target === undefined) return send(response, 404, '');
      void target.page().then(
        (text) => send(response, 200, text, 'text/plain; version=0.0.4'),
        () => send(response, 500, ''),
      );
    },
    '127.0.0.1',
    0,
  );
  const [port = 0] = await freePorts(1, '127.0.0.1');
  await writeFile(join(dir, 'rules.yaml'), (await readFile(RULES, 'utf8')).replaceAll('interval: 15s', 'interval: 1s'));
  const config = {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: ['rules.yaml'],
    scrape_configs: targets.map(({ job, labels }, index) => ({
      job_name: `${job}-${index}`,
      honor_labels: true,
      metrics_path: `/${index}`,
      static_configs: [{ targets: [`127.0.0.1:${pages.port}`], labels }],
    })),
  };
  await writeFile(join(dir, 'prometheus.yaml'), stringify(config));
  const running = spawnManaged({
    name: 'prometheus',
    command: prometheus,
    args: [
      `--config.file=${join(dir, 'prometheus.yaml')}`,
      `--storage.tsdb.path=${join(dir, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    env: {},
    logFile: join(dir, 'prometheus.log'),
  });
  const get = async (path: string): Promise<unknown> => {
    const { body } = await request(`http://127.0.0.1:${port}/api/v1/${path}`);
    return body.json();
  };
  return {
    async query(expr) {
      const { data } = answer.parse(await get(`query?query=${encodeURIComponent(expr)}`));
      return data.result.map(({ metric: labels, value: [, value] }) => ({ labels, value: Number(value) }));
    },
    rules: async () => rules.parse(await get('rules')).data.groups.flatMap((group) => group.rules),
    async [Symbol.asyncDispose]() {
      running.kill('SIGKILL');
      await running.exited;
      await pages.close();
    },
  };
};
