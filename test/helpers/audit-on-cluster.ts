/**
 * A campaign's life on a real cluster, with separate permissions for each person: a plan, an owner's decision, a killed
 * leader, raised ceilings, and deletion of everything. Only the trail remains.
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkTrail, type TrailCheck } from '../../cli/audit/trail.ts';
import { type AuditEntry, parseAuditEntry } from '../../operator/audit/entry.ts';
import { readAuditLog } from './audit-log.ts';
import { eventually } from './eventually.ts';
import { kubeWorld } from './kube-world.ts';
import { CAMPAIGN_NAMESPACE, type Platform, RELEASE, SYSTEM_NAMESPACE } from './platform.ts';
import { runVoucher, type VoucherAnswer } from './run-voucher.ts';
import type { StackCampaign } from './with-stack.ts';

/** 1,200/s at 500/s and 70 % take 4 replicas; the plan comes once so many may be asked for. */
export const TRAILED_CAMPAIGN: StackCampaign = {
  opensInMs: 600_000,
  intake: { min: 2, max: 2, capacityPerReplica: 500 },
  forecast: 1_200,
};
const NEEDED = 4;
const CAMPAIGN_ID = 'test-campaign';
const SOON = { timeoutMs: 120_000, everyMs: 200 };

/** The steps of that life; what happens at one time may change places. */
export const TRAILED_STEPS = [
  'authorized_changed',
  'campaign_created',
  'campaign_deleted',
  'grant_ended',
  'grant_used',
  'override_ended',
  'override_started',
  'plan_approved',
  'plan_deleted',
  'plan_proposed',
];

export interface TrailedLife {
  readonly lines: readonly string[];
  readonly entries: readonly AuditEntry[];
  readonly check: TrailCheck;
  /** As an auditor sees it. */
  readonly table: string;
  /** Time from the deletion of the last object until the trail was complete, ms. */
  readonly endedAfterMs: number;
  /** The decision by the API server's own audit log: who, and how far its time is from the trail's, ms. */
  readonly decision: { readonly by: string; readonly apart: number };
  /** Attempts without permission. */
  readonly doors: Readonly<Record<string, string>>;
}

/** A kubeconfig of a service account that these roles are bound to. */
const person = async (platform: Platform, dir: string, name: string, ...bind: readonly string[][]): Promise<string> => {
  await platform.kubectl('create', 'serviceaccount', name);
  const subject = `--serviceaccount=${CAMPAIGN_NAMESPACE}:${name}`;
  for (const [n, args] of bind.entries()) {
    await platform.cluster.kubectl(['create', 'rolebinding', `${name}-${n}`, subject, ...args]);
  }
  const token = (await platform.kubectl('create', 'token', name, '--duration=1h')).trim();
  const kubeconfig = await platform.cluster.kubectl(['config', 'view', '--raw', '--flatten', '-o', 'json']);
  const config = JSON.parse(kubeconfig);
  config.users = config.users.map((user: { readonly name: string }) => ({ name: user.name, user: { token } }));
  const file = join(dir, `${name}.kubeconfig`);
  await writeFile(file, JSON.stringify(config), { mode: 0o600 });
  return file;
};

const voucher = (kubeconfig: string, ...args: readonly string[]): Promise<VoucherAnswer> =>
  runVoucher(args, kubeconfig);

const done = (answer: VoucherAnswer): VoucherAnswer => {
  if (answer.code !== 0) throw new Error(answer.err);
  return answer;
};

const apiTimeOfDecision = async ({ cluster }: Platform, user: string): Promise<number> => {
  const entries = await readAuditLog(cluster.auditLogPath);
  const found = entries.findLast(
    (entry) => entry.user === user && entry.resource === 'scaleplans' && entry.code === 200,
  );
  if (found === undefined) throw new Error(`the API server knows of no decision by ${user}`);
  return found.atMs;
};

export const liveTrailedLife = async (platform: Platform, progress: (line: string) => void): Promise<TrailedLife> => {
  const dir = await mkdtemp(join(tmpdir(), 'voucher-trail-'));
  const world = kubeWorld(platform.api);
  const { kubectl, system } = platform;
  const edit = (spec: object) => kubectl('patch', 'vcamp', 'test', '--type=merge', '-p', JSON.stringify({ spec }));
  const inNamespace = ['-n', CAMPAIGN_NAMESPACE];
  try {
    const role = (kind: string, name: string, namespace: string) => [`--${kind}=${name}`, '-n', namespace];
    const clusterRole = (who: string) =>
      role('clusterrole', `${SYSTEM_NAMESPACE}-${RELEASE}-campaign-${who}`, CAMPAIGN_NAMESPACE);
    const owner = await person(platform, dir, 'owner', clusterRole('owner'));
    const editor = await person(platform, dir, 'editor', clusterRole('editor'));
    const auditor = await person(platform, dir, 'auditor', role('role', `${RELEASE}-audit-reader`, SYSTEM_NAMESPACE));
    const trail = (): Promise<readonly string[]> =>
      voucher(auditor, 'audit', CAMPAIGN_ID, '-o', 'json').then(({ out }) => out.split('\n').slice(0, -1));
    const told = (...steps: readonly string[]) =>
      eventually(
        async () => {
          const known = new Set((await trail()).map((line) => parseAuditEntry(line)?.step));
          return steps.every((step) => known.has(step as AuditEntry['step']));
        },
        { ...SOON, what: `the trail with ${steps.join(', ')}` },
      );

    progress('a plan for the forecast');
    await edit({ scaling: { tiers: { intake: { max: 6 } } } });
    await told('campaign_created', 'plan_proposed');
    progress('the owner decides');
    const decision = ['--until', '20m', '--on-behalf-of', 'Bureau of Commerce', '--reference', 'CD-17'];
    done(await voucher(owner, 'approve', ...inNamespace, ...decision));
    await world.settled(CAMPAIGN_NAMESPACE, 'test', NEEDED);
    await told('plan_approved', 'grant_used');
    progress('all operators are killed, and a ceiling is raised meanwhile');
    await system('delete', 'pod', '-l', 'app.kubernetes.io/component=operator', '--grace-period=0', '--force');
    await edit({ scaling: { authorized: { ceilings: { intake: 3 } } } });
    await told('authorized_changed');
    done(await voucher(editor, 'pause', ...inNamespace, '--until', '10m'));
    await told('override_started');
    done(await voucher(editor, 'resume', ...inNamespace));
    await told('override_ended');

    const doors: Record<string, string> = {
      'an editor reads the trail': (await voucher(editor, 'audit', CAMPAIGN_ID)).err,
      'an auditor reads metrics': await kubectlAs(platform, auditor, `${RELEASE}-metrics:metrics`, 'metrics'),
      'an auditor reads metrics at the trails’ Service': await kubectlAs(
        platform,
        auditor,
        `${RELEASE}-audit:audit`,
        'metrics',
      ),
      'an auditor goes to another port': await kubectlAs(platform, auditor, `${RELEASE}-audit:9090`, 'metrics'),
      'an auditor reads campaigns': (await voucher(auditor, 'status', ...inNamespace)).err,
    };

    progress('everything is deleted');
    await edit({ deletionPolicy: 'Delete' });
    await eventually(async () => (await kubectl('get', 'vcamp', 'test', '-o', 'yaml')).includes('finalizers:'), {
      ...SOON,
      what: 'the finalizer',
    });
    await kubectl('delete', 'vcamp', 'test', '--timeout=120s');
    await kubectl('delete', 'scaleplans', '--all');
    const deletedAtMs = performance.now();
    await told('campaign_deleted', 'plan_deleted', 'grant_ended');
    const endedAfterMs = Math.round(performance.now() - deletedAtMs);
    const lines = await trail();
    const entries = lines.flatMap((line) => parseAuditEntry(line) ?? []);
    const approved = entries.find((entry) => entry.step === 'plan_approved');
    const by = `system:serviceaccount:${CAMPAIGN_NAMESPACE}:owner`;
    return {
      lines,
      entries,
      check: checkTrail(lines),
      table: done(await voucher(auditor, 'audit', CAMPAIGN_ID)).out,
      endedAfterMs,
      decision: {
        by: approved?.step === 'plan_approved' ? approved.by : '',
        apart: Math.abs(Date.parse(approved?.at ?? '') - (await apiTimeOfDecision(platform, by))),
      },
      doors,
    };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
};

/** The API server's answer to a request for this path of this Service. */
const kubectlAs = async ({ cluster }: Platform, kubeconfig: string, service: string, path: string): Promise<string> => {
  const raw = `/api/v1/namespaces/${SYSTEM_NAMESPACE}/services/${service}/proxy/${path}`;
  return cluster
    .kubectl(['--kubeconfig', kubeconfig, 'get', '--raw', raw])
    .catch((error: Error) => error.message.replace(/^.* failed: /s, ''));
};
