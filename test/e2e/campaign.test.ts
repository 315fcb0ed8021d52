/** The product on a real kubelet, installed with Helm and kubectl: what a citizen, an admin and one bad day would see. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { request } from 'undici';
import { admitCampaign, formatAdmissionErrors } from '../../local/admission.ts';
import { readDatabase } from '../../local/audit/read-database.ts';
import type { Cluster } from '../../local/cluster.ts';
import { startOnCluster } from '../../local/on-cluster/stack.ts';
import type { Stack, StackProcess } from '../../local/stack.ts';
import type { VoucherCampaign } from '../../operator/api/campaign-types.ts';
import { receiptOf, receiptState, register } from '../helpers/citizen-client.ts';
import { SHARED_CLUSTER, sharedCluster } from '../helpers/cluster.ts';
import { eventually } from '../helpers/eventually.ts';
import { isStackReady, stackCampaignYaml } from '../helpers/with-stack.ts';

jest.setTimeout(240_000);

const STARTED_AT_MS = Date.now();
const CAMPAIGN = { intake: { min: 2, max: 3, capacityPerReplica: 500 } };
const OPERATOR = 'system:serviceaccount:voucher-system:voucher';
const ended = new AbortController();
let dir: string;
let cluster: Cluster;
let stack: Stack;

const admit = (yaml: string): VoucherCampaign => {
  const admission = admitCampaign(yaml);
  if (admission.kind === 'refused') throw new Error(formatAdmissionErrors(admission.errors, 'campaign'));
  return admission.campaign;
};

beforeAll(async () => {
  cluster = await sharedCluster();
  dir = await mkdtemp(join(tmpdir(), 'voucher-e2e-'));
  stack = await startOnCluster({
    campaignYaml: stackCampaignYaml(CAMPAIGN, STARTED_AT_MS),
    admit,
    stateDir: dir,
    crowdFolders: [],
    signal: ended.signal,
    progress: (line) => void process.stderr.write(`${line}\n`),
    clusterName: SHARED_CLUSTER,
    keep: true,
  });
  await eventually(() => isStackReady(stack), { timeoutMs: 60_000, what: 'the campaign to be Ready' });
});
afterAll(async () => {
  ended.abort();
  await stack?.stop();
  await rm(dir, { recursive: true, force: true });
});

const processOf = (role: StackProcess['role']): StackProcess => {
  const found = stack.processes().find((process) => process.role === role);
  if (found === undefined) throw new Error(`there is no ${role} pod`);
  return found;
};

const registered = async (citizen: number): Promise<{ readonly receiptNo: string; readonly receiptSecret: string }> => {
  const receipt = await eventually(
    async () =>
      receiptOf(
        await register(stack.url, citizen, randomUUID()).catch(() => ({
          status: 0,
          body: undefined,
          retryAfter: undefined,
        })),
      ),
    {
      timeoutMs: 30_000,
      what: 'a receipt',
    },
  );
  if (receipt === undefined) throw new Error('no receipt');
  return receipt;
};

const titleShown = async (): Promise<string> => {
  const response = await request(`${stack.url}/api/v1/campaigns/${stack.campaignId}`, { reset: true });
  return JSON.stringify(await response.body.json());
};

/** In the namespace of the campaign. */
const kubectl = (...args: readonly string[]): Promise<string> => cluster.kubectl(['-n', 'vouchers', ...args]);

describe('a campaign on Kubernetes', () => {
  it('is open, with its journal proven to sync, and says so to kubectl', async () => {
    expect(stack.snapshot().conditions).toContainEqual(
      expect.objectContaining({ type: 'JournalDurable', status: 'True' }),
    );
    const [header = '', row = ''] = (await kubectl('get', 'vcamp')).split('\n');
    expect(header).toMatch(/NAME +STAGE +OPENS +RATE\/S +BACKLOG +WAIT +INTAKE +PLAN +OK +AGE/);
    expect(row).toMatch(/ Open .* 2\/2\/\d+ .*True/);
  });

  it('explains its fields', async () => {
    const text = await cluster.kubectl(['explain', 'vcamp.spec.scaling']);
    expect(text).toContain('peakArrivalsPerSecond');
    expect(text).toContain('drainWithin');
  });

  it('keeps every registration, through an intake, a journal server and the operator’s leader that die', async () => {
    const receipts = [await registered(1)];
    for (const [index, role] of (['intake', 'nats', 'operator', 'records'] as const).entries()) {
      const victim = processOf(role);
      stack.kill(victim);
      receipts.push(await registered(2 + index));
      await eventually(() => stack.processes().some((one) => one.role === role && one.id !== victim.id), {
        timeoutMs: 60_000,
        what: `another ${role}`,
      });
    }
    for (const receipt of receipts) {
      await eventually(
        async () => ((await receiptState(stack.url, receipt)).body as { confirmed?: boolean }).confirmed === true,
        { timeoutMs: 60_000, what: 'the row of a receipt' },
      );
    }
    const { registrations } = await readDatabase(stack.audit.postgresUrl, stack.campaignId, ended.signal);
    expect(registrations).toHaveLength(receipts.length);
  });

  it('shows an edited title in pods that were not restarted', async () => {
    await eventually(() => isStackReady(stack), { timeoutMs: 60_000, what: 'the campaign to be Ready again' });
    const intakes = (): readonly string[] =>
      stack
        .processes()
        .filter(({ role }) => role === 'intake')
        .map(({ id }) => id)
        .sort();
    const before = intakes();
    await stack.applyCampaign(stackCampaignYaml({ ...CAMPAIGN, titleEn: 'Edited' }, STARTED_AT_MS));
    await eventually(async () => (await titleShown()).includes('Edited'), { timeoutMs: 20_000, what: 'the new title' });
    expect(intakes()).toEqual(before);
  });

  it('gets its Deployment back at the size that it had, and its image back when somebody changes it', async () => {
    const [name = ''] = (await kubectl('get', 'deployment', '-o', 'name'))
      .split('\n')
      .filter((line) => line.endsWith('-intake'));
    await kubectl('delete', name, '--cascade=orphan');
    const replicas = await eventually(
      () => kubectl('get', name, '-o', 'jsonpath={.spec.replicas}').catch(() => undefined),
      { timeoutMs: 20_000, what: 'the Deployment' },
    );
    expect(replicas).toBe('2');
    const image = (): Promise<string> =>
      kubectl('get', name, '-o', 'jsonpath={.spec.template.spec.containers[0].image}');
    const own = await image();
    await kubectl('annotate', name, 'example.org/owner=somebody');
    await kubectl('set', 'image', name, 'intake=example.org/other:1');
    await eventually(async () => (await image()) === own, { timeoutMs: 20_000, what: 'the image' });
    expect(await kubectl('get', name, '-o', 'jsonpath={.metadata.annotations.example\\.org/owner}')).toBe('somebody');
  });

  it('is run by an operator that can read no Secret', async () => {
    const mayOperator = async (verb: string, resource: string): Promise<string> => {
      const review = {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: { user: OPERATOR, resourceAttributes: { verb, resource } },
      };
      const input = JSON.stringify(review);
      return cluster.kubectl(['create', '-f', '-', '-o', 'jsonpath={.status.allowed}'], { input });
    };
    for (const verb of ['get', 'list', 'watch', 'create']) expect(await mayOperator(verb, 'secrets')).not.toBe('true');
    expect(await mayOperator('list', 'pods')).toBe('true');
  });

  it('has a journal account that reaches its own streams only', async () => {
    const [pod = ''] = (await kubectl('get', 'pods', '-o', 'name'))
      .split('\n')
      .filter((line) => line.includes('-records-'));
    const script = `
      const { connect } = await import('@nats-io/transport-node');
      const { readFileSync } = await import('node:fs');
      const of = (key) => readFileSync('/etc/voucher/data-plane/' + key, 'utf8').trim();
      const nats = await connect({ servers: of('nats-url').split(','), user: of('nats-user'), pass: of('nats-password'), inboxPrefix: '_INBOX.' + of('nats-user') });
      const ask = (subject) => nats.request(subject, '', { timeout: 2000 }).then((m) => JSON.parse(m.string()).error?.code ?? 'answered', (e) => e.name + ' ' + e.message);
      console.log('own', await ask('$JS.API.STREAM.INFO.REG_${stack.campaignId}_0'));
      console.log('other', await ask('$JS.API.STREAM.INFO.REG_another_0'));
      console.log('delete', await ask('$JS.API.STREAM.DELETE.REG_${stack.campaignId}_0'));
      await nats.close();
    `;
    const out = await kubectl('exec', pod, '--', '/usr/local/bin/node', '--input-type=module', '-e', script);
    expect(out).toContain('own answered');
    expect(out).toMatch(/other .*[Pp]ermission/);
    expect(out).toMatch(/delete .*[Pp]ermission/);
  });
});
