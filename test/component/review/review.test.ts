/** `kubectl voucher review` against a real admin server, behind an API server of straw that annotates and proxies as the real one does. */
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { startAdminServer } from '../../../app/admin-server.ts';
import { runCli } from '../../../cli/run.ts';
import { REVIEW_HEADER, REVIEW_PREFIX, sessionsInForce } from '../../../contract/review.ts';
import { readText } from '../../../runtime/read-text.ts';
import type { Listening } from '../../../runtime/small-server.ts';
import { aCampaign, VERIFICATION } from '../../helpers/a-campaign.ts';
import { type MemoryJournal, memoryJournal } from '../../helpers/memory-receipts.ts';
import { factEvent, receiptOf, receivedEvent } from '../../helpers/records.ts';
import { aSettings, NOW_MS, PERSON, type ReviewWorld, reviewOn } from '../../helpers/reviews.ts';

const CAMPAIGN = '/apis/voucher-operator.io/v1alpha1/namespaces/city/vouchercampaigns/spring';
const PODS = '/api/v1/namespaces/city/pods';
const PROXY = `${PODS}/spring-verification-1:9090/proxy`;

let folder = '';
let apiServer: Server;
let admin: Listening;
let memory: MemoryJournal;
let pod: ReviewWorld;
let annotations: Record<string, string>;
/** Every annotation that was ever set. */
let written: string[];
/** What the API server refuses, by the beginning of the path. */
const refused = new Map<string, { readonly status: number; readonly reason: string; readonly message: string }>();
/** What goes through the proxy, as an access log would have it. */
let proxied: { readonly path: string; readonly session: string }[];
let isReady: boolean;
/** The operator publishes what is annotated. */
let publishes: boolean;
let verification: typeof VERIFICATION | undefined;

const reply = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};

const campaign = () => {
  const { metadata, ...rest } = aCampaign(verification === undefined ? {} : { spec: { verification } });
  return {
    ...rest,
    metadata: { ...metadata, name: 'spring', namespace: 'city', uid: 'u1', resourceVersion: '7', annotations },
  };
};

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly value?: unknown;
}

const patched = (operations: readonly Operation[]): void => {
  for (const { op, path, value } of operations) {
    const key = path.replace('/metadata/annotations/', '').replaceAll('~1', '/');
    if (op === 'remove') delete annotations[key];
    if (op === 'add' && typeof value === 'string') {
      annotations[key] = value;
      written.push(`${key}=${value}`);
    }
  }
  if (publishes) pod.settings = { ...aSettings(), reviews: sessionsInForce(annotations, NOW_MS) };
};

const proxy = (incoming: IncomingMessage, outgoing: ServerResponse, path: string): void => {
  const { authorization: _removed, ...headers } = incoming.headers;
  proxied.push({ path, session: String(headers[REVIEW_HEADER]) });
  const onward = request({ port: admin.port, path: path.slice(PROXY.length), method: incoming.method, headers });
  onward.once('response', (response) => {
    outgoing.writeHead(response.statusCode ?? 500, response.headers);
    response.pipe(outgoing);
  });
  incoming.pipe(onward);
};

const serve = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
  const path = decodeURIComponent((incoming.url ?? '').split('?')[0] ?? '');
  const own = [...refused].find(([prefix]) => `${incoming.method} ${path}`.startsWith(prefix))?.[1];
  if (own !== undefined) {
    const { status: code, reason, message } = own;
    return reply(outgoing, code, { kind: 'Status', code, reason, message });
  }
  if (path.startsWith(PROXY)) return proxy(incoming, outgoing, path);
  if (path.endsWith('/selfsubjectreviews')) return reply(outgoing, 201, { status: { userInfo: { username: 'li' } } });
  if (path === PODS) {
    const conditions = [{ type: 'Ready', status: isReady ? 'True' : 'False' }];
    const metadata = { name: 'spring-verification-1', namespace: 'city', uid: 'p1', resourceVersion: '8' };
    return reply(outgoing, 200, { metadata: { resourceVersion: '9' }, items: [{ metadata, status: { conditions } }] });
  }
  if (path !== CAMPAIGN) return reply(outgoing, 404, { kind: 'Status', code: 404, reason: 'NotFound', message: path });
  if (incoming.method === 'PATCH') patched(JSON.parse(await readText(incoming, 10_000)) as Operation[]);
  reply(outgoing, 200, campaign());
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'voucher-review-'));
  admin = await startAdminServer(
    {
      registry: new Registry(),
      notReady: () => undefined,
      canary: () => undefined,
      review: () => pod.answer,
      dependencies: () => [],
    },
    '127.0.0.1',
    0,
  );
  apiServer = createServer((incoming, outgoing) => void serve(incoming, outgoing));
  apiServer.listen(0, '127.0.0.1');
  await once(apiServer, 'listening');
  const { port } = apiServer.address() as AddressInfo;
  const kubeconfig = {
    'current-context': 'straw',
    contexts: [{ name: 'straw', context: { cluster: 'straw', user: 'straw', namespace: 'city' } }],
    clusters: [{ name: 'straw', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'straw', user: {} }],
  };
  await writeFile(join(folder, 'kubeconfig'), JSON.stringify(kubeconfig));
});
beforeEach(async () => {
  memory = memoryJournal();
  pod = reviewOn(memory.journal, memory.factAfter);
  [annotations, written, proxied, isReady, publishes, verification] = [{}, [], [], true, true, VERIFICATION];
  refused.clear();
  await rm(join(folder, 'session'), { force: true });
});
afterAll(async () => {
  await admin.close();
  apiServer.closeAllConnections();
  apiServer.close();
  await rm(folder, { recursive: true });
});

const inReview = (citizen: string): string => {
  memory.put(receivedEvent({ citizen }));
  memory.put(factEvent('manual_review', { citizen, data: { provider: 'tencent', code: '-4' }, atMs: 1_000 }));
  return receiptOf(`${citizen}-1`);
};

const review = async (...args: readonly string[]) => {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await runCli(['review', ...args], {
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    now: () => performance.now(),
    wallMs: () => NOW_MS,
    env: { KUBECONFIG: join(folder, 'kubeconfig') },
  });
  return { code, out: out.join(''), err: err.join('') };
};

describe('kubectl voucher review', () => {
  it('lists what waits, shows one masked, and decides', async () => {
    const receipt = inReview('a');
    const list = await review('list', 'spring');
    expect(list).toMatchObject({ code: 0, err: '' });
    expect(list.out).toMatch(new RegExp(`^RECEIPT +SINCE +ATTEMPT +WHY\n${receipt} +\\S+ +1 +tencent: code -4\n`));
    const show = await review('show', 'spring', receipt);
    expect(show.out).toMatch(/^name +王\*\*$/m);
    expect(show.out).toMatch(/^number +560\*{13}18$/m);
    expect(show.out).toContain('That you looked is recorded.');
    const accept = await review('accept', 'spring', receipt, '--reason', 'passport seen at the counter');
    expect(accept.out).toMatch(new RegExp(`^${receipt}: accepted by li at `));
    expect((await review('list', 'spring')).out).toBe('spring: no registration waits for a review.\n');
  });

  it('leaves neither sessions nor secrets behind, in addresses, annotations or output', async () => {
    const receipt = inReview('a');
    const { out } = await review('reject', 'spring', receipt, '--reason', 'no papers');
    expect(annotations).toEqual({});
    expect(written).toEqual([
      expect.stringMatching(
        /^review\.voucher-operator\.io\/[0-9a-f]{8}=by li until 2020-09-25T01:32:00Z sha256 [0-9a-f]{64}$/,
      ),
    ]);
    const [{ path, session } = { path: '', session: '' }] = proxied;
    const [, secret = ''] = session.split('.');
    expect(secret).toMatch(/^[\w-]{43}$/);
    for (const text of [path, out, ...written]) {
      expect(text).not.toContain(secret);
      for (const personal of [PERSON.name, PERSON.idNumber]) expect(text).not.toContain(personal);
    }
    expect(path).not.toContain(receipt);
  });

  it('keeps a session of a working day in a file, which only its owner may read', async () => {
    const [a, b] = [inReview('a'), inReview('b')];
    const file = join(folder, 'session');
    for (const receipt of [a, b]) {
      const { code, err } = await review('accept', 'spring', receipt, '--reason', 'papers seen', '--session', file);
      expect([code, err]).toEqual([0, '']);
    }
    expect(written).toHaveLength(1);
    expect(Object.keys(annotations)).toHaveLength(1);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    // An owner ends it.
    for (const key of Object.keys(annotations)) delete annotations[key];
    await review('list', 'spring', '--session', file);
    expect(written).toHaveLength(2);
    expect(await readFile(file, 'utf8')).toContain(Object.keys(annotations)[0]?.slice(REVIEW_PREFIX.length));
  });

  it('has -o json for programs', async () => {
    const receipt = inReview('a');
    const list = JSON.parse((await review('list', 'spring', '-o', 'json')).out) as object;
    expect(list).toMatchObject({ receipts: [{ receipt, attempt: 1, why: 'tencent: code -4' }], isComplete: true });
    const accepted = await review('accept', 'spring', receipt, '--reason', 'papers seen', '-o', 'json');
    expect(JSON.parse(accepted.out)).toMatchObject({ receipt, state: 'verified', by: 'li' });
  });

  it('says by whom another decision was made', async () => {
    const receipt = inReview('a');
    const data = { by: 'wang', reason: 'no papers', review: true };
    memory.put(factEvent('rejected', { citizen: 'a', data, atMs: 2_000 }));
    const { code, err } = await review('accept', 'spring', receipt, '--reason', 'papers seen');
    expect([code, err]).toEqual([
      2,
      expect.stringContaining('DECIDED: it was rejected by wang at 2020-09-25T01:00:02.000Z'),
    ]);
  });

  it('has a remedy for each error', async () => {
    const receipt = inReview('a');
    const forbidden = (message: string) => ({ status: 403, reason: 'Forbidden', message });
    refused.set(`PATCH ${CAMPAIGN}`, forbidden('li may not review registrations'));
    expect((await review('list', 'spring')).err).toMatch(/the verb review .*campaign-reviewer/s);
    refused.clear();
    refused.set(`POST ${PROXY}`, forbidden('li may not create pods/proxy'));
    expect((await review('list', 'spring')).err).toMatch(
      /pods\/proxy, which the chart's ClusterRole .*campaign-reviewer/,
    );
    refused.clear();
    refused.set(`POST ${PROXY}`, { status: 405, reason: '', message: 'GET or HEAD' });
    expect((await review('list', 'spring')).err).toContain('still starting, or of an earlier release');
    refused.clear();
    isReady = false;
    expect((await review('list', 'spring')).err).toContain(
      'no verification pod of spring is Ready: see kubectl get pods -n city -l ',
    );
    isReady = true;
    pod.nowMs += 3_600_000;
    expect((await review('list', 'spring')).err).toMatch(
      /the session ended at .* This machine's clock says 2020-09-25T01:30/,
    );
    pod.nowMs = NOW_MS;
    expect(await review('accept', 'spring', receipt, '--reason', ' ')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--reason'),
    });
    verification = undefined;
    expect((await review('list', 'spring')).err).toContain('it has no spec.verification');
    expect(annotations).toEqual({});
  });

  it('waits until the session is published', async () => {
    inReview('a');
    publishes = false;
    const later = setInterval(() => {
      // The operator, two refusals later.
      if (proxied.length < 2) return;
      pod.settings = { ...aSettings(), reviews: sessionsInForce(annotations, NOW_MS) };
    }, 20);
    const { code } = await review('list', 'spring').finally(() => clearInterval(later));
    expect(code).toBe(0);
    expect(proxied.length).toBeGreaterThan(2);
  });
});

describe('the admin port of a pod', () => {
  const post = async (path: string, body: string, method = 'POST') =>
    (await fetch(`http://127.0.0.1:${admin.port}${path}`, { method, ...(method === 'GET' ? {} : { body }) })).status;

  it('answers no request without a session, and no other method', async () => {
    expect(await post('/review/list', '{}')).toBe(403);
    expect(await post('/review/list', '', 'GET')).toBe(404);
    expect(await post('/review/other', '{}')).toBe(403);
  });

  it('reads no large body', async () => {
    await expect(post('/review/list', 'x'.repeat(100_000))).rejects.toThrow();
    expect(await post('/review/list', '{}')).toBe(403);
  });
});
