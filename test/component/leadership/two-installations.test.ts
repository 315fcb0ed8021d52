/** Two installations that watch one namespace, over real sockets: claims, events, log, metric and doctor. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runCli } from '../../../cli/run.ts';
import { CLAIM_LEASE, NOT_SERVED } from '../../../contract/names.ts';
import { createClaimStore } from '../../../operator/kube/claims.ts';
import { Claims } from '../../../operator/leadership/claims.ts';
import { createLogger } from '../../../operator/observability/log.ts';
import { createServing } from '../../../operator/serving.ts';
import type { CampaignEvent } from '../../../operator/tick/ports.ts';
import { aCampaign } from '../../helpers/a-campaign.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { type Answer, type Received, StrawApiServer } from '../kube/api-server.ts';
import { connectTo, type StrawClient } from '../kube/straw-client.ts';

const made = aCampaign();
const campaign = { ...made, metadata: { ...made.metadata, resourceVersion: '1' } };
const { namespace, name } = campaign.metadata;
const LEASES = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
const never = new AbortController().signal;

interface Lease {
  readonly metadata: { readonly resourceVersion: string; readonly managedFields: readonly object[] };
  readonly spec: { readonly holderIdentity: string };
}

let server: StrawApiServer;
let clock: FakeClock;
let lease: Lease | undefined;
let version = 0;
/** Holders, in the order of the writes that were accepted. */
let written: string[] = [];
const clients: StrawClient[] = [];

const refusal = (status: number, reason: string): Answer => ({
  status,
  body: { kind: 'Status', code: status, reason },
});

/** A Lease as the API server keeps it: a write against another version is refused. */
const answerLease = ({ method, path, body }: Received): Answer => {
  if (method === 'GET') return lease === undefined ? refusal(404, 'NotFound') : { status: 200, body: lease };
  const given = JSON.parse(body);
  if (method === 'POST' && lease !== undefined) return refusal(409, 'AlreadyExists');
  if (method === 'PUT' && given.metadata.resourceVersion !== lease?.metadata.resourceVersion) {
    return refusal(409, 'Conflict');
  }
  if (method !== 'POST' && !path.endsWith(CLAIM_LEASE)) return refusal(404, 'NotFound');
  version += 1;
  const managedFields = [{ time: new Date().toISOString() }];
  lease = { ...given, metadata: { ...given.metadata, uid: 'lease', resourceVersion: String(version), managedFields } };
  written.push(given.spec.holderIdentity);
  return { status: 200, body: lease };
};

beforeEach(async () => {
  server = await new StrawApiServer().start();
  clock = new FakeClock(Date.parse('2027-03-01T02:00:00Z'));
  [lease, version, written] = [undefined, 0, []];
  server.handler = (request) => (request.path.startsWith(LEASES) ? answerLease(request) : refusal(404, 'NotFound'));
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((one) => one.close()));
  await server.stop();
});

const installation = async (holder: string, isClaiming = true) => {
  const connection = await connectTo(server);
  clients.push(connection);
  const events: CampaignEvent[] = [];
  const log: string[] = [];
  const claims: Claims = new Claims({
    clock,
    random: () => 0,
    store: createClaimStore(connection.client, clock),
    holder,
    namespaces: () => [namespace],
    onChange: (where, state) => serving.onClaim(where, state),
  });
  const serving = createServing({
    clock,
    log: createLogger({ level: 'info', destination: { write: (line: string) => void log.push(line) } }),
    cluster: () => ({
      served: { of: () => ({ kind: 'served' }), leftOut: () => new Map(), isSettled: () => true },
      living: { campaigns: () => [campaign], plansOf: () => [] },
    }),
    claims: () => (isClaiming ? claims : undefined),
    installation: holder,
    events: () => ({ emit: (_, event) => void events.push(event) }),
    kick: () => undefined,
  });
  return { serving, events, log, acts: async () => (await serving.leaveForMs(campaign, never)) === undefined };
};

/** Seconds pass, and each installation is due once a second, one after the other. */
const pass = async (seconds: number, ...all: readonly Awaited<ReturnType<typeof installation>>[]) => {
  const acted = all.map(() => 0);
  for (let second = 0; second < seconds; second += 1) {
    for (const [index, one] of all.entries()) if (await one.acts()) acted[index] = (acted[index] ?? 0) + 1;
    clock.jump(1_000);
  }
  return acted;
};

describe('two installations that watch one namespace', () => {
  it('are one that acts and one that does not, for minutes; only the first writes the claim', async () => {
    const [first, second] = [await installation('a/first'), await installation('b/second')];
    expect(await pass(180, first, second)).toEqual([180, 0]);
    expect(new Set(written)).toEqual(new Set(['a/first']));
  });

  it('would both act without claims: the zero above can fail', async () => {
    const [first, second] = [await installation('a/first', false), await installation('b/second', false)];
    expect(await pass(10, first, second)).toEqual([10, 10]);
  });

  it('are reported by the second: one event on the campaign, a line of the log, the metric and its Lease', async () => {
    const [first, second] = [await installation('a/first'), await installation('b/second')];
    await pass(60, first, second);
    const said = `Installation a/first serves namespace ${namespace}, so installation b/second does not act on its campaigns.`;
    expect(first.events).toEqual([]);
    expect(second.events).toEqual(
      [
        {
          type: 'Warning',
          reason: 'ServedByAnother',
          message: `${said} Uninstall one of the two, or give each its own operator.watchNamespaces.`,
        },
      ].map((one) => expect.objectContaining(one)),
    );
    expect(second.log.filter((line) => line.includes('another installation serves this namespace'))).toHaveLength(1);
    expect(second.serving.notServed().get(namespace)).toMatchObject({ reason: 'another', said });
    expect(second.serving.annotations()[NOT_SERVED]).toContain(said);
    expect(first.serving.notServed().size).toBe(0);
  });

  it('hand over a minute after the first stops', async () => {
    const [first, second] = [await installation('a/first'), await installation('b/second')];
    await pass(30, first, second);
    expect(await pass(20, second)).toEqual([0]);
    const [acted] = await pass(60, second);
    expect(acted).toBeGreaterThan(10);
    expect(written.at(-1)).toBe('b/second');
    expect(second.events.map(({ reason }) => reason)).toContain('TakenOver');
  });

  it('are found by the doctor, which names the one that acts', async () => {
    const [first, second] = [await installation('a/first'), await installation('b/second')];
    await pass(5, first, second);
    const operators = ['a/first', 'b/second'].map((holder) => {
      const [where, called] = holder.split('/');
      const containers = [{ image: 'voucher-operator:0.1.0', env: [] }];
      return {
        metadata: { namespace: where, name: called, uid: holder, resourceVersion: '1' },
        spec: { replicas: 2, template: { spec: { containers } } },
        status: { readyReplicas: 2 },
      };
    });
    const lists: Readonly<Record<string, readonly unknown[]>> = {
      deployments: operators,
      vouchercampaigns: [campaign],
    };
    server.handler = (request) => {
      const { path } = request;
      if (path.startsWith(LEASES)) return answerLease(request);
      if (path === '/version') return { status: 200, body: { gitVersion: 'v1.36.3' } };
      if (path.endsWith(`/vouchercampaigns/${name}`)) return { status: 200, body: campaign };
      if (/\/[a-z-]+\/[^/]+$/.test(path.replace(/^.*\/namespaces\/[^/]+(?=\/)|^\/apis?\/([^/]+\/)?v[^/]+/, ''))) {
        return refusal(404, 'NotFound');
      }
      const items = lists[path.slice(path.lastIndexOf('/') + 1)] ?? [];
      return { status: 200, body: { metadata: { resourceVersion: '1' }, items } };
    };
    const folder = await mkdtemp(join(tmpdir(), 'voucher-two-'));
    try {
      await writeFile(join(folder, 'config'), server.kubeconfig);
      const out: string[] = [];
      await runCli(['doctor', name, '-n', namespace, '-o', 'json'], {
        out: (text) => out.push(text),
        err: (text) => out.push(text),
        now: () => performance.now(),
        wallMs: () => Date.now(),
        env: { KUBECONFIG: join(folder, 'config') },
      });
      const { findings } = JSON.parse(out.join(''));
      expect(findings).toContainEqual(
        expect.objectContaining({
          check: 'operator',
          level: 'FAIL',
          said: `several installations serve namespace ${namespace}: a/first, b/second; a/first acts, and the others do not`,
        }),
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
