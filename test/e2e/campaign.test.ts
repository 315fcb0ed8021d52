/** The product on a real kubelet, installed with Helm and kubectl: what a citizen, an admin and one bad day would see. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { parse } from 'yaml';
import { readDatabase } from '../../local/ledger-check/read-database.ts';
import type { Stack, StackProcess } from '../../local/stack.ts';
import { receiptOf, receiptState, registerPatiently } from '../helpers/citizen-client.ts';
import { SHARED_CLUSTER } from '../helpers/cluster.ts';
import { eventually, eventuallyHolds } from '../helpers/eventually.ts';
import { OPERATOR_USER, type Platform, startPlatform } from '../helpers/platform.ts';
import { isStackReady } from '../helpers/with-stack.ts';

const ended = new AbortController();
let platform: Platform;
let stack: Stack;

beforeAll(async () => {
  platform = await startPlatform(
    SHARED_CLUSTER,
    { intake: { min: 2, max: 3, capacityPerReplica: 500 } },
    ended.signal,
    (line) => void process.stderr.write(`${line}\n`),
  );
  ({ stack } = platform);
});
afterAll(async () => {
  ended.abort();
  await platform?.stop();
});

const processOf = (role: StackProcess['role']): StackProcess => {
  const found = stack.processes().find((process) => process.role === role);
  if (found === undefined) throw new Error(`there is no ${role} pod`);
  return found;
};

const registered = async (citizen: number): Promise<{ readonly receiptNo: string; readonly receiptSecret: string }> => {
  const receipt = receiptOf(await registerPatiently(stack.url, citizen));
  if (receipt === undefined) throw new Error('no receipt');
  return receipt;
};

const titleShown = async (): Promise<string> => {
  const response = await request(`${stack.url}/api/v1/campaigns/${stack.campaignId}`, { reset: true });
  return JSON.stringify(await response.body.json());
};

const kubectl: Platform['kubectl'] = (...args) => platform.kubectl(...args);

describe('a campaign on Kubernetes', () => {
  it('is open, with its journal proven to sync, and says so to kubectl', async () => {
    const saysSo = async (): Promise<void> => {
      expect(stack.snapshot().conditions).toContainEqual(
        expect.objectContaining({ type: 'JournalDurable', status: 'True' }),
      );
      const [header = '', row = ''] = (await kubectl('get', 'vcamp')).split('\n');
      expect(header).toMatch(/NAME +STAGE +OPENS +RATE\/S +BACKLOG +WAIT +INTAKE +PLAN +OK +AGE/);
      expect(row).toMatch(/ Open .* 2\/2\/\d+ .*True/);
    };
    await eventuallyHolds(saysSo, { what: 'an open campaign with a durable journal', everyMs: 500 });
  });

  it('has its ScalePlans in a list that says where they stand', async () => {
    const plan = parse(await readFile(new URL('../../examples/scale-plan-approved.yaml', import.meta.url), 'utf8'));
    const { decision: _, ...spec } = plan.spec;
    const input = JSON.stringify({
      ...plan,
      metadata: { name: 'asked' },
      spec: {
        ...spec,
        campaignName: 'test',
        campaignId: stack.campaignId,
        expiresAt: new Date(Date.now() + 900_000).toISOString(),
      },
    });
    await platform.cluster.kubectl(['-n', 'vouchers', 'create', '-f', '-'], { input });
    const state = () => kubectl('get', 'splan', 'asked', '-o', 'jsonpath={.status.state}');
    await eventually(async () => (await state()) === 'Pending', { what: 'the state of the plan' });
    await kubectl('delete', 'splan', 'asked');
  });

  it('explains its fields', async () => {
    const text = await platform.cluster.kubectl(['explain', 'vcamp.spec.scaling']);
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
        what: `another ${role}`,
      });
    }
    for (const receipt of receipts) {
      await eventually(
        async () => ((await receiptState(stack.url, receipt)).body as { confirmed?: boolean }).confirmed === true,
        { what: 'the row of a receipt' },
      );
    }
    const { registrations } = await readDatabase(stack.ledgerCheck, stack.campaignId, ended.signal);
    expect(registrations).toHaveLength(receipts.length);
    // The operator has it from a records pod, and tells an idle campaign's status once a minute.
    const counted = () => kubectl('get', 'vcamp', '-o', 'jsonpath={.items[0].status.counts.received}');
    await eventually(async () => Number(await counted()) === receipts.length, {
      timeoutMs: 150_000,
      what: 'the count in the status',
      everyMs: 500,
    });
  });

  it('shows an edited title in pods that were not restarted', async () => {
    await eventually(() => isStackReady(stack), { what: 'the campaign to be Ready again' });
    const intakes = (): readonly string[] =>
      stack
        .processes()
        .filter(({ role }) => role === 'intake')
        .map(({ id }) => id)
        .sort();
    const before = intakes();
    await platform.edit({ titleEn: 'Edited' });
    await eventually(async () => (await titleShown()).includes('Edited'), { what: 'the new title' });
    expect(intakes()).toEqual(before);
  });

  it('gets its Deployment back at the size that it had, and its image back when somebody changes it', async () => {
    const [name = ''] = (await kubectl('get', 'deployment', '-o', 'name'))
      .split('\n')
      .filter((line) => line.endsWith('-intake'));
    await kubectl('delete', name, '--cascade=orphan');
    const replicas = await eventually(
      () => kubectl('get', name, '-o', 'jsonpath={.spec.replicas}').catch(() => undefined),
      { what: 'the Deployment' },
    );
    expect(replicas).toBe('2');
    const image = (): Promise<string> =>
      kubectl('get', name, '-o', 'jsonpath={.spec.template.spec.containers[0].image}');
    const own = await image();
    await kubectl('annotate', name, 'example.org/owner=somebody');
    await kubectl('set', 'image', name, 'intake=example.org/other:1');
    await eventually(async () => (await image()) === own, { what: 'the image' });
    expect(await kubectl('get', name, '-o', 'jsonpath={.metadata.annotations.example\\.org/owner}')).toBe('somebody');
  });

  it('is run by an operator that can read no Secret', async () => {
    const mayOperator = async (verb: string, resource: string): Promise<string> => {
      const review = {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: { user: OPERATOR_USER, resourceAttributes: { verb, resource } },
      };
      const input = JSON.stringify(review);
      return platform.cluster.kubectl(['create', '-f', '-', '-o', 'jsonpath={.status.allowed}'], { input });
    };
    for (const verb of ['get', 'list', 'watch', 'create']) expect(await mayOperator(verb, 'secrets')).not.toBe('true');
    expect(await mayOperator('list', 'pods')).toBe('true');
  });

  it('is run by an operator that may change the finalizers of a campaign, and nothing else of it', async () => {
    const patch = (body: object): Promise<string> =>
      kubectl(
        'patch',
        'vcamp',
        'test',
        `--as=${OPERATOR_USER}`,
        '--type=merge',
        '--dry-run=server',
        '-p',
        JSON.stringify(body),
      );
    await expect(patch({ spec: { title: { en: 'Somebody else' } } })).rejects.toThrow(
      /but not change its spec, labels and other annotations/,
    );
    // Two policies refuse this one, and the API server names whichever it asked first.
    await expect(patch({ spec: { scaling: { authorized: { ceilings: { intake: 600 } } } } })).rejects.toThrow(
      /but not change its spec, labels and other annotations|may not authorise that/,
    );
    await expect(patch({ metadata: { annotations: { 'example.org/note': 'x' } } })).rejects.toThrow(
      /but not change its spec/,
    );
    expect(await patch({ metadata: { finalizers: ['voucher-operator.io/journal'] } })).toContain('patched');
  });

  it('has a journal account that reaches its own streams only', async () => {
    const script = `
      const { connect } = await import('@nats-io/transport-node');
      const { readFileSync } = await import('node:fs');
      const of = (key) => readFileSync('/etc/voucher/data-plane/' + key, 'utf8').trim();
      const nats = await connect({ servers: of('nats-url').split(','), user: of('nats-user'), pass: of('nats-password'), inboxPrefix: '_INBOX.' + of('nats-user'), tls: { ca: of('nats-ca.crt') } });
      const ask = (subject) => nats.request(subject, '', { timeout: 2000 }).then((m) => JSON.parse(m.string()).error?.code ?? 'answered', (e) => e.name + ' ' + e.message);
      console.log('own', await ask('$JS.API.STREAM.INFO.REG_${stack.campaignId}_0'));
      console.log('other', await ask('$JS.API.STREAM.INFO.REG_another_0'));
      console.log('delete', await ask('$JS.API.STREAM.DELETE.REG_${stack.campaignId}_0'));
      await nats.close();
    `;
    const reaches = async (): Promise<void> => {
      const pods = (await kubectl('get', 'pods', '-o', 'name')).split('\n');
      const pod = pods.find((line) => line.includes('-records-')) ?? '';
      const out = await kubectl('exec', pod, '--', '/usr/local/bin/node', '--input-type=module', '-e', script);
      expect(out).toContain('own answered');
      expect(out).toMatch(/other .*[Pp]ermission/);
      expect(out).toMatch(/delete .*[Pp]ermission/);
    };
    await eventuallyHolds(reaches, {
      what: 'an account that reaches its own stream only',
      everyMs: 500,
    });
  });
});
