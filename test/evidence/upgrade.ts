/**
 * An installation of an earlier commit, its campaign open and in its flood, is upgraded to this checkout: by `helm upgrade`
 * with the values it has, as docs/operations.md says. The earlier commit's own demo drives the crowd and compares the
 * ledger with journal and database at the end; this scenario only upgrades under it. `--from COMMIT`, by default the one
 * before the rooms. Either all of it runs here in the end and nothing is lost, or the upgrade is refused before anything
 * changes, with a sentence that says why.
 */
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { z } from 'zod';
import { CHART } from '../../local/on-cluster/platform.ts';
import { whyNoCluster } from '../../tools/cluster/host.ts';
import { type Cluster, DEFAULT_NAME, up } from '../../tools/cluster.ts';
import { ensureProductImage } from '../../tools/image.ts';
import { eventually } from '../helpers/eventually.ts';
import type { Scenario } from '../helpers/scenario.ts';

const ROOT = join(import.meta.dirname, '../..');
const BEFORE_THE_ROOMS = 'b553a6b';
/** What the demo calls its release and its namespaces. */

const RELEASE = 'voucher';
const SYSTEM = 'voucher-system';
const CAMPAIGNS = 'vouchers';
const NEW_IMAGE = 'voucher-operator:upgraded';
/** Acknowledged before the upgrade begins. */
const FLOOD = 500;

const run = promisify(execFile);
const report = z.object({
  audit: z.looseObject({ verdict: z.string(), acknowledged: z.number(), lost: z.number(), doubles: z.number() }),
});

const acknowledged = async (ledger: string): Promise<number> =>
  (await readFile(ledger, 'utf8').catch(() => '')).split('"acknowledged"').length - 1;

interface Pods {
  readonly items: readonly { readonly spec: { readonly containers: readonly { readonly image: string }[] } }[];
}

/** How many of the product's pods run this checkout, of how many. */
const upgradedPods = async (cluster: Cluster): Promise<{ readonly upgraded: number; readonly all: number }> => {
  const texts = await Promise.all(
    [SYSTEM, CAMPAIGNS].map((namespace) =>
      cluster.kubectl(['get', 'pods', '-n', namespace, '--field-selector=status.phase=Running', '-o', 'json']),
    ),
  );
  const images = texts
    .flatMap((text) => (JSON.parse(text) as Pods).items)
    .map(({ spec }) => spec.containers[0]?.image ?? '')
    .filter((image) => image.includes('voucher-operator'));
  return { upgraded: images.filter((image) => image.endsWith(NEW_IMAGE)).length, all: images.length };
};

type Upgrade =
  | { readonly kind: 'upgraded'; readonly helmSeconds: number; readonly rolledOutSeconds: number }
  | { readonly kind: 'refused'; readonly words: string };

const upgrade = async (cluster: Cluster, signal: AbortSignal): Promise<Upgrade> => {
  const startedAtMs = performance.now();
  const seconds = (): number => Math.round(performance.now() - startedAtMs) / 1000;
  const values = await cluster.helm(['get', 'values', RELEASE, '-n', SYSTEM, '-o', 'json'], { signal });
  const [repository, tag] = NEW_IMAGE.split(':');
  const args = [
    'upgrade',
    RELEASE,
    CHART,
    '-n',
    SYSTEM,
    '--wait',
    '--timeout',
    '10m',
    '--take-ownership',
    '--force-conflicts',
    '-f',
    '-',
  ];
  try {
    await cluster.helm([...args, '--set', `image.repository=${repository},image.tag=${tag}`], {
      signal,
      input: values,
    });
  } catch (error) {
    return { kind: 'refused', words: error instanceof Error ? error.message : String(error) };
  }
  const helmSeconds = seconds();
  await eventually(
    async () => {
      const { upgraded, all } = await upgradedPods(cluster);
      return all > 0 && upgraded === all;
    },
    { what: 'all pods of the product to run this checkout', timeoutMs: 240_000, everyMs: 1_000 },
  );
  return { kind: 'upgraded', helmSeconds, rolledOutSeconds: seconds() };
};

export const scenario: Scenario = {
  issue: '17',
  run: async ({ args, signal, progress }) => {
    const reason = whyNoCluster();
    if (reason !== undefined) return { kind: 'not_run', reason };
    const { values } = parseArgs({ args: [...args], options: { from: { type: 'string' } } });
    const from = values.from ?? BEFORE_THE_ROOMS;
    const dir = await mkdtemp(join(tmpdir(), 'voucher-upgrade-'));
    const old = join(dir, 'checkout');
    const state = join(dir, 'state');
    await run('git', ['worktree', 'add', '--detach', old, from], { cwd: ROOT });
    try {
      await symlink(join(ROOT, 'node_modules'), join(old, 'node_modules'));
      const image = await ensureProductImage({ signal, progress }, NEW_IMAGE);
      const trace = ['--trace', join(old, 'examples/traces/demo-full.csv')];
      const demo = spawn(
        process.execPath,
        ['local/demo.ts', '--on', 'cluster', ...trace, '--state-dir', state, '--json', join(dir, 'report.json')],
        { cwd: old, stdio: ['ignore', 'ignore', 'inherit'], signal },
      );
      const ended = new Promise<number | null>((resolve, reject) => {
        demo.once('error', reject);
        demo.once('exit', resolve);
      });
      const ledger = join(state, 'ledger.jsonl');
      await eventually(async () => demo.exitCode !== null || (await acknowledged(ledger)) >= FLOOD, {
        what: `${FLOOD} registrations with the earlier commit`,
        timeoutMs: 1_500_000,
        everyMs: 500,
      });
      const before = await acknowledged(ledger);
      progress(`${before} registrations are acknowledged; upgrading`);
      const cluster = await up({ name: DEFAULT_NAME, progress }, signal);
      await cluster.importImages([image], signal);
      const outcome = await upgrade(cluster, signal);
      const after = await acknowledged(ledger);
      progress(`${JSON.stringify(outcome)}; ${after} are acknowledged by now`);
      const exit = await ended;
      const { audit } = report.parse(JSON.parse(await readFile(join(dir, 'report.json'), 'utf8')));
      return {
        kind: 'ran',
        holds: exit === 0 && audit.lost === 0 && audit.doubles === 0 && audit.acknowledged > after,
        summary: {
          from: (await run('git', ['rev-parse', from], { cwd: ROOT })).stdout.trim(),
          ...outcome,
          acknowledgedBefore: before,
          acknowledgedWhenUpgraded: after,
          acknowledged: audit.acknowledged,
          lost: audit.lost,
          doubles: audit.doubles,
          exit,
        },
        raw: [{ outcome, audit }],
      };
    } finally {
      await run('git', ['worktree', 'remove', '--force', old], { cwd: ROOT });
      await rm(dir, { recursive: true, force: true });
    }
  },
};
