/** The documents' commands, typed as they are there: a shell, kubectl, Helm and the plug-in, on a real cluster. One story. */
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ensureBinary, HELM } from '../../../tools/cluster/binaries.ts';
import { placeOf } from '../../../tools/cluster/place.ts';
import type { Cluster } from '../../../tools/cluster.ts';
import { ensureImages } from '../../../tools/image.ts';
import { SHARED_CLUSTER, sharedCluster } from '../../helpers/cluster.ts';
import { DOCUMENTED, STORY } from '../../helpers/documented-commands.ts';
import { values } from './installation.ts';

const ROOT = join(import.meta.dirname, '../../..');
const SYSTEM = 'voucher-system';
const CAMPAIGNS = 'vouchers';
const run = promisify(execFile);

let cluster: Cluster;
let folder: string;
let env: NodeJS.ProcessEnv;

const sh = async (command: string): Promise<string> =>
  (await run('bash', ['-eo', 'pipefail', '-c', command], { cwd: folder, env, timeout: 420_000 })).stdout;

const removed = (): Promise<string> =>
  cluster.kubectl(['delete', 'namespace', SYSTEM, CAMPAIGNS, 'argocd', '--ignore-not-found', '--timeout=240s']);

beforeAll(async () => {
  cluster = await sharedCluster();
  const signal = AbortSignal.timeout(900_000);
  await cluster.importImages(await ensureImages({ signal, progress: () => undefined }), signal);
  await removed();
  folder = await mkdtemp(join(tmpdir(), 'documents-'));
  const bin = join(folder, 'bin');
  await mkdir(bin);
  // A checkout in which files can be made that the commands name.
  for (const name of await readdir(ROOT))
    if (!name.startsWith('.')) await symlink(join(ROOT, name), join(folder, name));
  await symlink(await ensureBinary(HELM, { signal, progress: () => undefined }), join(bin, 'helm'));
  await writeFile(
    join(bin, 'kubectl-voucher'),
    `#!/bin/sh\nexec ${process.execPath} ${join(ROOT, 'cli/main.ts')} "$@"\n`,
  );
  await chmod(join(bin, 'kubectl-voucher'), 0o755);
  const kubeconfig = join(folder, 'kubeconfig');
  await writeFile(kubeconfig, await readFile(cluster.kubeconfigPath), { mode: 0o600 });
  env = {
    ...process.env,
    KUBECONFIG: kubeconfig,
    PATH: [bin, placeOf(SHARED_CLUSTER).bin, process.env['PATH']].join(delimiter),
  };
  await sh(`kubectl config set-context --current --namespace=${CAMPAIGNS}`);
  // That of the documents, with an image that is here and pods that fit beside other tests.
  await writeFile(
    join(folder, 'values.yaml'),
    JSON.stringify(values([{ campaignId: 'spring-2027', namespace: CAMPAIGNS }])),
  );
  for (const tier of ['intake', 'records']) {
    await mkdir(join(folder, 'accounts', tier), { recursive: true });
    await writeFile(join(folder, 'accounts', tier, 'nats-url'), 'tls://nats.example.org:4222');
  }
  await mkdir(join(folder, 'channel-keys'));
  await writeFile(join(folder, 'channel-keys', 'wechat.serial'), '5157F09EFDC096DE15EBE81A47057A72');
  await cluster.kubectl(['create', 'namespace', 'argocd']);
  await cluster.kubectl(['create', 'configmap', 'argocd-cm', '-n', 'argocd']);
}, 1_200_000);
afterAll(async () => {
  await sh(`helm uninstall voucher -n ${SYSTEM} --ignore-not-found`).catch(() => undefined);
  await removed().catch(() => undefined);
  await rm(folder, { recursive: true, force: true });
}, 600_000);

const podOf = (tier: string): Promise<string> =>
  sh(`kubectl get pod -n ${CAMPAIGNS} -o name | grep spring-2027-${tier} | head -1 | cut -d/ -f2`);

/** What a person would put in the place of a word in capitals, or does before. By a part of the command. */
const PLACES: readonly (readonly [part: string, instead: (command: string) => Promise<string>])[] = [
  // The kinds that an earlier test left behind; none, where this is the first.
  [
    'kubectl annotate crd',
    async (command) => `${command.replace('NEW', 'voucher').replace('NAMESPACE', SYSTEM)} || true`,
  ],
  [
    'helm test',
    async (command) => `kubectl wait pod --all -n ${SYSTEM} --for=condition=Ready --timeout=300s && ${command}`,
  ],
  ['--user USER', async (command) => command.replace('USER', 'li.wei')],
  // The set-up has made those of this campaign.
  ['kubectl create secret generic', async (command) => command.replace(`-n ${CAMPAIGNS}`, '-n argocd')],
  ['POD --', async (command) => command.replace('POD', (await podOf('records')).trim())],
  [
    'rollout restart',
    async (command) => `${command} && kubectl rollout status -n ${SYSTEM} statefulset/voucher-postgres`,
  ],
];

const asTyped = async (command: string): Promise<string> => {
  const [, instead] = PLACES.find(([part]) => command.includes(part)) ?? [];
  return instead === undefined ? command : instead(command);
};

describe('a person who types what the documents say', () => {
  it.each(DOCUMENTED.filter(({ ranBy }) => ranBy === STORY).map(({ command }) => command))(
    '%s',
    async (command) => {
      await sh(await asTyped(command));
    },
    450_000,
  );

  it('has left the kinds and the Secrets', async () => {
    expect(await sh('kubectl get crd -o name')).toContain('vouchercampaigns.voucher-operator.io');
    expect(await sh(`kubectl get secret -n ${SYSTEM} -o name`)).toContain('secret/voucher-data-plane-root');
  });
});
