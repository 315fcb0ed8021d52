/** A real Prometheus for one test: it scrapes pages of this process, and answers queries. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';

/** A metrics page, and the labels that the scrape configuration of a cluster adds to it. */
export interface Page {
  readonly labels: Readonly<Record<string, string>>;
  /** Undefined: it does not answer now. */
  read(): Promise<string | undefined>;
}

const series = z.object({ metric: z.record(z.string(), z.string()) });
const answer = z.union([
  z.object({
    status: z.literal('success'),
    data: z.object({ result: z.union([z.array(series), z.tuple([z.number(), z.string()])]) }),
  }),
  z.object({ status: z.literal('error'), error: z.string() }),
]);

export interface PrometheusServer {
  /** The series of an expression now. @throws Error with what Prometheus says about the expression */
  query(expr: string): Promise<readonly Readonly<Record<string, string>>[]>;
  stop(): Promise<void>;
}

const servePages = async (pages: readonly Page[]) => {
  const server = createServer(async ({ url = '/' }, response) => {
    const text = await pages[Number(url.slice(1))]?.read().catch(() => undefined);
    response.writeHead(text === undefined ? 503 : 200, { 'content-type': 'text/plain; version=0.0.4' }).end(text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
};

/** @param dir for its data and configuration; the caller removes it */
export const startPrometheus = async (
  program: string,
  dir: string,
  pages: readonly Page[],
  ruleFiles: readonly string[] = [],
): Promise<PrometheusServer> => {
  const { server, port } = await servePages(pages);
  const config = {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: ruleFiles,
    scrape_configs: [
      {
        job_name: 'pages',
        honor_labels: true,
        static_configs: pages.map(({ labels }, index) => ({
          targets: [`127.0.0.1:${port}`],
          labels: { ...labels, __metrics_path__: `/${index}` },
        })),
      },
    ],
  };
  const file = join(dir, 'prometheus.yml');
  await writeFile(file, stringify(config));
  const args = [
    '--web.listen-address=127.0.0.1:0',
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(dir, 'data')}`,
  ];
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  const url = await new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`Prometheus ended: ${log}`)));
    child.stderr.on('data', (part: Buffer) => {
      log += part.toString('utf8');
      const address = /msg="?Listening on"?.*?address=(127\.0\.0\.1:\d+)/.exec(log)?.[1];
      if (address !== undefined) resolve(`http://${address}`);
    });
  });
  return {
    async query(expr) {
      const body = new URLSearchParams({ query: expr });
      const response = await fetch(`${url}/api/v1/query`, { method: 'POST', body });
      const read = answer.parse(await response.json());
      if (read.status === 'error') throw new Error(`${expr}: ${read.error}`);
      return read.data.result.map((one) => (typeof one === 'object' ? one.metric : {}));
    },
    async stop() {
      const ended = child.exitCode === null ? once(child, 'exit') : undefined;
      child.kill('SIGTERM');
      await ended;
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
