/**
 * Schemathesis asks a local intake for some minutes what its own API document says can be asked, and much that it says can't: no server
 * error, no answer that is not documented. The tool is installed from PyPI into the project's cache the first time, and needs Python 3.10.
 * `--minutes N` (5 unless stated), `--seed N`; `--sabotage undocumented` must end with exit 1: an intake whose answers differ.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { listen } from '../../app/http/server.ts';
import { createIntake } from '../../app/intake/create-intake.ts';
import { cacheDir, isExecutable } from '../../local/binaries/cache.ts';
import { locked } from '../../local/binaries/lock.ts';
import { createFakeQueue } from '../helpers/fake-queue.ts';
import { NOW_MS, settingsOf, testIntakeDeps } from '../helpers/intake.ts';
import type { Scenario, ScenarioContext } from '../helpers/scenario.ts';

const VERSION = '4.32.5';
const LEAST_PYTHON = [3, 10] as const;
/**
 * Left out: `positive_data_acceptance`, because a body of the right shape may name a person who does not exist; and what is about
 * accounts, which this API does not have.
 */
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
  'negative_data_rejection',
  'missing_required_header',
  'unsupported_method',
  'allow_header_conformance',
];
/** The only campaign of the intake. */
const CONFIG = '[parameters]\n"path.campaignId" = "test-campaign"\n';
const SABOTAGE = 'undocumented';

const run = promisify(execFile);

/** Why it can't be had here; undefined: Python is there. */
const pythonMissing = async (): Promise<string | undefined> => {
  const found = await run('python3', ['-c', 'import sys, venv, ensurepip; print(*sys.version_info[:2])']).catch(
    () => undefined,
  );
  const [major = 0, minor = 0] = (found?.stdout ?? '').split(' ').map(Number);
  const [leastMajor, leastMinor] = LEAST_PYTHON;
  const isEnough = major > leastMajor || (major === leastMajor && minor >= leastMinor);
  return isEnough
    ? undefined
    : `needs python3 of version ${LEAST_PYTHON.join('.')} or later, with its modules venv and ensurepip`;
};

/** @returns its path */
const ensureTool = async ({ signal, progress }: ScenarioContext): Promise<string> => {
  const folder = join(cacheDir(), `schemathesis-${VERSION}`);
  const tool = join(folder, 'bin', 'schemathesis');
  const onWait = (): void => progress('another process is installing schemathesis');
  await locked(`${folder}.lock`, { signal, onWait }, async () => {
    const isThere = (await isExecutable(tool)) && (await run(tool, ['--version']).catch(() => undefined)) !== undefined;
    if (isThere) return;
    progress(`installing schemathesis ${VERSION} into ${folder}`);
    await run('python3', ['-m', 'venv', '--clear', folder], { signal });
    await run(join(folder, 'bin', 'pip'), ['install', '--quiet', `schemathesis==${VERSION}`], { signal });
  });
  return tool;
};

/** A campaign that is open for everyone, and whose queue no one has to wait in: so each 503 is a fault. */
const startIntake = async (isSabotaged: boolean) => {
  const startedMs = performance.now();
  const now = (): number => NOW_MS + performance.now() - startedMs;
  const queue = createFakeQueue();
  queue.shuffled({ seed: '0'.repeat(64), count: 0 });
  queue.pace({ base: 0, ratePerSecond: 10_000, since: new Date(NOW_MS - 1_000).toISOString() });
  const traffic = { admissionPerSecond: 1_000_000, intakePods: 1, burstSeconds: 1 };
  const settings = settingsOf({ traffic: { ...traffic, waitingRoom: { enabled: true, preQueueMinutes: 30 } } });
  const intake = createIntake({ ...testIntakeDeps(), now, queue, settings: { current: () => settings } });
  const different: RequestListener = (request, response) => {
    const writeHead = response.writeHead.bind(response);
    const sabotaged = Object.assign(response, {
      writeHead: (status: number, headers: Record<string, string>) => writeHead(status === 404 ? 418 : status, headers),
    });
    intake(request, sabotaged);
  };
  return listen(isSabotaged ? different : intake, '127.0.0.1', 0);
};

const play = async (context: ScenarioContext, minutes: number, seed: number, isSabotaged: boolean) => {
  const { signal, progress } = context;
  const tool = await ensureTool(context);
  const server = await startIntake(isSabotaged);
  const url = `http://127.0.0.1:${server.port}`;
  const folder = await mkdtemp(join(tmpdir(), 'schemathesis-'));
  await writeFile(join(folder, 'schemathesis.toml'), CONFIG);
  const output: string[] = [];
  try {
    const child = spawn(
      tool,
      [
        ...[
          '--config-file',
          join(folder, 'schemathesis.toml'),
          'run',
          `${url}/openapi.json`,
          '--url',
          url,
          '--exclude-path-regex',
          '^/(login|callbacks)',
        ],
        ...['--phases', 'examples,coverage,fuzzing,stateful', '--checks', CHECKS.join(',')],
        ...['--max-time', String(Math.round(minutes * 60)), '--seed', String(seed), '--workers', '1', '--no-color'],
        ...['--generation-database', 'none', '--suppress-health-check', 'all', '--continue-on-failure'],
      ],
      { signal, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output.push(text);
        for (const line of text.split('\n').filter((one) => one.trim() !== '')) progress(line);
      });
    }
    const [code] = (await once(child, 'close')) as [number | null];
    // A folder of this machine says nothing to a reader.
    return { code, output: output.join('').replaceAll(folder, '.') };
  } finally {
    await Promise.all([server.drain(0), rm(folder, { recursive: true })]);
  }
};

/** Of the tool's summary. */
const counted = (output: string): Readonly<Record<string, number>> => {
  const [, generated = '0'] = /(\d+) generated/.exec(output) ?? [];
  const [, failures = '0'] = /(\d+) unique failure/.exec(output) ?? [];
  return { generated: Number(generated), failures: Number(failures) };
};

export const scenario: Scenario = {
  issue: '24',
  async run(context) {
    const { values } = parseArgs({
      args: [...context.args],
      options: {
        minutes: { type: 'string', default: '5' },
        seed: { type: 'string', default: '1' },
        sabotage: { type: 'string' },
      },
    });
    if (values.sabotage !== undefined && values.sabotage !== SABOTAGE)
      throw new Error(`--sabotage is ${SABOTAGE}, or left out`);
    const missing = await pythonMissing();
    if (missing !== undefined) return { kind: 'not_run', reason: missing };
    const minutes = Number(values.minutes);
    const { code, output } = await play(context, minutes, Number(values.seed), values.sabotage !== undefined);
    return {
      kind: 'ran',
      holds: code === 0,
      summary: { version: VERSION, minutes, seed: Number(values.seed), checks: CHECKS.length, ...counted(output) },
      ...(values.sabotage === undefined ? {} : { twin: values.sabotage }),
      raw: { checks: CHECKS, output: output.slice(-20_000) },
    };
  },
};
