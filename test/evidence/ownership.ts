/**
 * Who owns what of a campaign's Deployments, seen by the API server itself, with the chart's two operators: silence once
 * converged, edits undone, foreign words kept, and never a moment with fewer replicas while the Deployment is deleted,
 * the operator restarted and upgraded. `--sabotage` adds two twins: a write in the silence and a moment with one replica,
 * which the same eyes must see. `--cluster NAME` uses a cluster that is there.
 */

import { CHART } from '../../local/on-cluster/platform.ts';
import { ensureProductImage, PRODUCT_IMAGE } from '../../tools/image.ts';
import { type AuditEntry, isLease, readAuditLog } from '../helpers/audit-log.ts';
import { eventually } from '../helpers/eventually.ts';
import { kubeWorld } from '../helpers/kube-world.ts';
import {
  CAMPAIGN_NAMESPACE,
  OPERATOR_USER,
  observeFor,
  type Platform,
  RELEASE,
  SYSTEM_NAMESPACE,
  withPlatform,
} from '../helpers/platform.ts';
import type { Scenario, ScenarioContext } from '../helpers/scenario.ts';
import { watchReplicas } from '../helpers/watch-replicas.ts';

const QUIET_MS = 60_000;
/** Of the twin, which has to see one write only. */
const TWIN_MS = 10_000;
const CONVERGED_MS = 10_000;
const MANY = 20;
const INTAKE = 'test-intake';
const OWN_LABEL = 'app.kubernetes.io/managed-by';
const UPGRADED_TAG = 'upgraded';
const ROUNDS = 3;

const size = (replicas: number) => ({ intake: { min: replicas, max: replicas, capacityPerReplica: 500 } });

const operatorWrites = async ({ cluster }: Platform, sinceMs: number): Promise<readonly AuditEntry[]> =>
  (await readAuditLog(cluster.auditLogPath)).filter(({ user, atMs }) => user === OPERATOR_USER && atMs > sinceMs);

const withoutLeases = (entries: readonly AuditEntry[]): readonly AuditEntry[] =>
  entries.filter((entry) => !isLease(entry));

/** So long after convergence; `disturb` is done in the middle of it. */
const silence = async (platform: Platform, forMs: number, signal: AbortSignal, disturb?: () => Promise<unknown>) => {
  await eventually(async () => withoutLeases(await operatorWrites(platform, Date.now() - CONVERGED_MS)).length === 0, {
    timeoutMs: 180_000,
    what: 'ten seconds without a write',
    everyMs: 500,
  });
  const sinceMs = Date.now();
  await observeFor(forMs / 2, signal);
  await disturb?.();
  await observeFor(forMs / 2, signal);
  const entries = await operatorWrites(platform, sinceMs);
  return { seconds: forMs / 1000, leaseWrites: entries.filter(isLease).length, writes: withoutLeases(entries) };
};

const imageOf = ({ kubectl }: Platform): Promise<string> =>
  kubectl('get', 'deployment', INTAKE, '-o', 'jsonpath={.spec.template.spec.containers[0].image}');

/** Time until `isRight`, ms. */
const timeOf = async (act: () => Promise<unknown>, isRight: () => Promise<boolean>, what: string): Promise<number> => {
  const startedAtMs = performance.now();
  await act();
  await eventually(isRight, { what, everyMs: 20 });
  return Math.round(performance.now() - startedAtMs);
};

const edits = async (platform: Platform) => {
  const { kubectl } = platform;
  const own = await imageOf(platform);
  await kubectl('annotate', 'deployment', INTAKE, '--overwrite', 'example.org/note=keep me');
  const imageBackMs: number[] = [];
  const scaledBackMs: number[] = [];
  const world = kubeWorld(platform.api);
  for (let round = 0; round < ROUNDS; round += 1) {
    imageBackMs.push(
      await timeOf(
        () => kubectl('set', 'image', `deployment/${INTAKE}`, 'intake=example.org/evil:1'),
        async () => (await imageOf(platform)) === own,
        'the image to return',
      ),
    );
    scaledBackMs.push(
      await timeOf(
        () => kubectl('scale', `deployment/${INTAKE}`, `--replicas=${5 + round}`),
        async () => (await world.deployment(CAMPAIGN_NAMESPACE, INTAKE))?.spec?.replicas === 2,
        'the replicas to return',
      ),
    );
  }
  const note = await kubectl('get', 'deployment', INTAKE, '-o', 'jsonpath={.metadata.annotations.example\\.org/note}');
  return { imageBackMs, scaledBackMs, foreignAnnotation: note };
};

const upgrade = ({ cluster }: Platform, ...set: readonly string[]): Promise<string> =>
  cluster.helm([
    ...['upgrade', RELEASE, CHART, '-n', SYSTEM_NAMESPACE, '--reuse-values', '--wait', '--timeout=5m'],
    ...['--force-conflicts', '--set', set.join(',')],
  ]);

const rolledOut = ({ system }: Platform): Promise<string> =>
  system('rollout', 'status', `deployment/${RELEASE}`, '--timeout=180s');

/** What happens to the operator and the Deployment while every number of replicas is watched. */
const upheavals = (platform: Platform, { signal, progress }: ScenarioContext) => {
  const { cluster, kubectl, system } = platform;
  const world = kubeWorld(platform.api);
  const back = async (): Promise<void> => {
    await world.there(
      CAMPAIGN_NAMESPACE,
      INTAKE,
      ({ spec, metadata }) =>
        spec?.replicas === MANY && (metadata?.managedFields?.some(({ operation }) => operation === 'Apply') ?? false),
      `${INTAKE} with ${MANY} replicas, applied`,
    );
  };
  return {
    'Deployment deleted': async () => {
      await kubectl('delete', 'deployment', INTAKE, '--wait=false');
      await back();
    },
    'operator restarted': async () => {
      await system('rollout', 'restart', `deployment/${RELEASE}`);
      await rolledOut(platform);
    },
    'both operators killed': async () => {
      await system('delete', 'pod', '-l', 'app.kubernetes.io/component=operator', '--grace-period=0', '--force');
      await rolledOut(platform);
      await eventually(async () => (await platform.stack.processes()).some(({ role }) => role === 'operator'), {
        what: 'an operator',
      });
    },
    'operator and app upgraded': async () => {
      const name = `${PRODUCT_IMAGE.split(':')[0]}:${UPGRADED_TAG}`;
      await cluster.importImages([await ensureProductImage({ signal, progress }, name)], signal);
      await upgrade(platform, `image.tag=${UPGRADED_TAG}`);
      await eventually(async () => (await imageOf(platform)).endsWith(`:${UPGRADED_TAG}`), {
        what: 'the new image in the Deployment',
      });
      await back();
    },
  };
};

const leastReplicas = async (platform: Platform, act: () => Promise<unknown>) => {
  const watch = watchReplicas(platform.api, CAMPAIGN_NAMESPACE, INTAKE);
  await eventually(() => watch.seen.length > 0, { what: 'the watch to begin' });
  await act();
  return { least: await watch.least(), versionsSeen: watch.seen.length };
};

export const scenario: Scenario = {
  issue: '03',
  run: (context) =>
    withPlatform(context, size(2), async (platform) => {
      const { args, signal, progress } = context;
      const world = kubeWorld(platform.api);
      const sabotage = args.includes('--sabotage');
      progress('a minute of silence');
      const quiet = await silence(platform, QUIET_MS, signal);
      const disturbed = sabotage
        ? await silence(platform, TWIN_MS, signal, () =>
            platform.kubectl('label', 'deployment', INTAKE, `${OWN_LABEL}-`, '--overwrite'),
          )
        : undefined;
      progress('edits');
      const edited = await edits(platform);
      progress(`${MANY} replicas`);
      // All of them beside the data plane on one node of two cores, with room for the pods of an upgrade.
      await upgrade(platform, 'app.resources.intake.requests.cpu=10m');
      await platform.edit(size(MANY));
      await world.settled(CAMPAIGN_NAMESPACE, 'test', MANY);
      const replicas: Record<string, { readonly least: number; readonly versionsSeen: number }> = {};
      for (const [what, act] of Object.entries(upheavals(platform, context))) {
        progress(what);
        replicas[what] = await leastReplicas(platform, act);
      }
      const shrunk = sabotage
        ? await leastReplicas(platform, async () => {
            await world.scale(CAMPAIGN_NAMESPACE, INTAKE, 1);
            await world.settled(CAMPAIGN_NAMESPACE, 'test', MANY);
          })
        : undefined;
      const twins = { writesSeen: disturbed?.writes.length, leastSeen: shrunk?.least };
      return {
        kind: 'ran',
        holds:
          quiet.writes.length === 0 &&
          // The log that shows nothing does see this user.
          quiet.leaseWrites > 0 &&
          edited.foreignAnnotation === 'keep me' &&
          Math.max(...edited.imageBackMs) < 5_000 &&
          Object.values(replicas).every(({ least }) => least === MANY) &&
          (!sabotage || ((twins.writesSeen ?? 0) > 0 && twins.leastSeen === 1)),
        summary: {
          quietSeconds: quiet.seconds,
          writesInIt: quiet.writes.length,
          leaseWritesInIt: quiet.leaseWrites,
          ...edited,
          leastReplicas: Object.fromEntries(Object.entries(replicas).map(([what, { least }]) => [what, least])),
          ...(sabotage ? { sabotage: twins } : {}),
        },
        raw: { quiet, disturbed, edited, replicas, shrunk },
      };
    }),
};
