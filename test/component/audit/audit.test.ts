/** `kubectl voucher audit` against a real audit server, behind an API server of straw that proxies as the real one does. */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { runCli } from '../../../cli/run.ts';
import { linkOf } from '../../../contract/hash-chain.ts';
import type { ReviewEntry } from '../../../journal/review-entries.ts';
import type { AuditLog } from '../../../journal/trail.ts';
import { startAuditServer } from '../../../operator/observability/audit-server.ts';
import type { Listening } from '../../../runtime/small-server.ts';
import { at, historyOf } from '../../helpers/audit-history.ts';
import { FakeAuditLog } from '../../helpers/fake-audit-log.ts';
import { writeHistory } from '../../helpers/write-history.ts';

const PROXY = '/api/v1/namespaces/voucher-system/services/voucher-audit:audit/proxy';
const ID = 'chengdu-2020-3';
const NOW_MS = at(600);

let folder = '';
let log: FakeAuditLog;
let tampered: ((lines: readonly string[]) => readonly string[]) | undefined;
let auditServer: Listening;
let apiServer: Server;
/** Answers of the API server itself, for paths that begin so. */
const answers = new Map<string, { readonly status: number; readonly reason: string; readonly message: string }>();
let cutAfterBytes: number | undefined;
const seen: unknown[] = [];
let reviews: readonly ReviewEntry[] = [];

/** As the stream would be after somebody made it anew. */
const served: AuditLog = {
  append: (campaignId, entry, tail) => log.append(campaignId, entry, tail),
  campaignIds: () => log.campaignIds(),
  reviews: async () => reviews,
  async *read(campaignId) {
    if (tampered === undefined) return yield* log.read(campaignId);
    let sequence = 0;
    for (const text of tampered(log.lines(campaignId))) {
      sequence += 1;
      yield { text, tail: { sequence, ...linkOf(text) } };
    }
  },
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'voucher-audit-'));
  auditServer = await startAuditServer(served, '127.0.0.1', 0, (error) => seen.push(error));
  apiServer = createServer((incoming, outgoing) => {
    const path = decodeURIComponent(incoming.url ?? '');
    const own = [...answers].find(([prefix]) => path.startsWith(prefix))?.[1];
    if (own !== undefined || !path.startsWith(PROXY)) {
      const { status, reason, message } = own ?? { status: 404, reason: 'NotFound', message: `no ${path}` };
      outgoing.writeHead(status, { 'content-type': 'application/json' });
      outgoing.end(JSON.stringify({ kind: 'Status', code: status, reason, message }));
      return;
    }
    const onward = request({ port: auditServer.port, path: path.slice(PROXY.length), method: incoming.method });
    onward.once('response', async (response) => {
      outgoing.writeHead(response.statusCode ?? 500, response.headers);
      let bytes = 0;
      for await (const chunk of response) {
        bytes += chunk.length;
        if (cutAfterBytes !== undefined && bytes > cutAfterBytes) {
          outgoing.end(chunk.subarray(0, cutAfterBytes));
          return;
        }
        outgoing.write(chunk);
      }
      outgoing.end();
    });
    onward.end();
  });
  apiServer.listen(0, '127.0.0.1');
  await once(apiServer, 'listening');
  const { port } = apiServer.address() as AddressInfo;
  const kubeconfig = {
    'current-context': 'straw',
    contexts: [{ name: 'straw', context: { cluster: 'straw', user: 'straw', namespace: 'vouchers' } }],
    clusters: [{ name: 'straw', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'straw', user: {} }],
  };
  await writeFile(join(folder, 'kubeconfig'), JSON.stringify(kubeconfig));
});
beforeEach(async () => {
  log = new FakeAuditLog();
  await writeHistory(log, ID, historyOf(ID));
});
afterEach(() => {
  tampered = undefined;
  cutAfterBytes = undefined;
  answers.clear();
});
afterAll(async () => {
  await auditServer.close();
  apiServer.closeAllConnections();
  apiServer.close();
  await rm(folder, { recursive: true });
});

const audit = async (...args: readonly string[]) => {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await runCli(['audit', ...args], {
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    now: () => performance.now(),
    wallMs: () => NOW_MS,
    env: { KUBECONFIG: join(folder, 'kubeconfig') },
  });
  return { code, out: out.join(''), err: err.join('') };
};

describe('kubectl voucher audit', () => {
  it('tells who authorised what and what came of it, on the campaign’s clock', async () => {
    const { code, out, err } = await audit(ID);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^Trail of chengdu-2020-3\nTIME +WHO +WHAT\n/);
    expect(out).toMatch(
      /(?:2020-09-25 )?10:03:00 +duty@city\.example for Bureau of Commerce +plan chengdu-p1 approved: intake 40 until \S+ \(reference CD-17\)/,
    );
    expect(out).toMatch(/operator +plan chengdu-p1 used: intake 20 → 31, ceiling 40/);
    expect(out).toMatch(/owner@city\.example +plan chengdu-p4 rejected \(the database is full\)/);
    expect(out).toMatch(/not recorded +authorised ceilings raised: intake 20, records 4 → intake 25, records 4/);
    expect(out).toMatch(/time +paused ended: expired/);
    expect(out).toMatch(/Times are UTC\+08:00\.\nComplete: \d+ entries, .*\n {2}[0-9a-f]{64}\n$/s);
    expect(out).toContain(`Complete: ${log.lines(ID).length} entries`);
  });

  it('lists who looked at registrations in review, and who decided', async () => {
    expect((await audit(ID, '--reviews')).out).toBe(`${ID}: there are no entries of reviews.\n`);
    const look = { at: '2020-09-25T03:00:00.000Z', by: 'li', action: 'show', receipt: 'R1' };
    const decision = { ...look, at: '2020-09-25T03:05:00.000Z', action: 'accept', reason: 'papers seen' };
    reviews = [look, decision];
    const table = await audit(ID, '--reviews');
    expect(table.out).toMatch(/^TIME +WHO +ACTION +RECEIPT +REASON\n/);
    expect(table.out).toMatch(/2020-09-25T03:05:00\.000Z +li +accept +R1 +papers seen\n/);
    expect(JSON.parse((await audit(ID, '--reviews', '-o', 'json')).out)).toEqual(reviews);
    expect(await audit(ID, '--reviews', '--head', 'a'.repeat(64))).toMatchObject({ code: 2 });
    cutAfterBytes = 40;
    expect((await audit(ID, '--reviews')).err).toContain('cut short');
  });

  it('prints the lines as they are stored, so that sha256sum proves them', async () => {
    const { code, out } = await audit(ID, '-o', 'json');
    expect(code).toBe(0);
    expect(out.split('\n').slice(0, -1)).toEqual(log.lines(ID));
  });

  it('shows the hash of each entry when asked for all, and is one document in YAML', async () => {
    const wide = await audit(ID, '-o', 'wide');
    expect(wide.out).toMatch(/^Trail of chengdu-2020-3\nTIME +WHO +HASH +WHAT\n/);
    for (const line of log.lines(ID)) expect(wide.out).toContain(linkOf(line).hash);
    const yaml = await audit(ID, '-o', 'yaml');
    expect(yaml.out).toMatch(
      /^campaignId: chengdu-2020-3\nentries: \d+\nhead: "?[0-9a-f]{64}"?\nbreaks: \[\]\ntrail:\n/,
    );
    expect(yaml.out).toContain('step: plan_approved');
  });

  it('leaves out what is earlier, and counts it; the check is of all', async () => {
    const { out } = await audit(ID, '--since', '9h');
    expect(out).not.toContain('chengdu-p1 approved');
    expect(out).toContain('chengdu-p4 rejected');
    expect(out).toMatch(/\d+ earlier entries are not shown/);
    expect(out).toContain(`Complete: ${log.lines(ID).length} entries`);
    const unread = await audit(ID, '--since', 'noon');
    expect(unread).toMatchObject({ code: 2, err: expect.stringContaining("--since noon can't be read") });
  });

  it.each<[string, (lines: readonly string[]) => readonly string[], RegExp]>([
    ['removed', (lines) => lines.toSpliced(3, 1), /entry 5 was found in place of entry 4/],
    ['altered', (lines) => lines.with(4, (lines[4] ?? '').replace('intake', 'Intake')), /entry 6 does not fit entry 5/],
  ])('says that an entry was %s, and exits 1', async (_, tamper, message) => {
    tampered = tamper;
    const { code, out, err } = await audit(ID);
    expect(code).toBe(1);
    expect(out).toContain('BROKEN in 1 place');
    expect(err).toMatch(message);
  });

  it('proves by a head that was noted that nothing was cut off since', async () => {
    const head = /([0-9a-f]{64})\n$/.exec((await audit(ID)).out)?.[1] ?? '';
    expect((await audit(ID, '--head', head)).code).toBe(0);
    tampered = (lines) => lines.slice(0, -1);
    expect(await audit(ID)).toMatchObject({ code: 0 });
    expect(await audit(ID, '--head', head)).toMatchObject({
      code: 1,
      err: expect.stringContaining(`no entry has the hash ${head}`),
    });
    expect(await audit(ID, '--head', 'abc')).toMatchObject({ code: 2, err: expect.stringContaining('--head abc') });
  });

  it('takes no answer for whole that was cut short on its way', async () => {
    cutAfterBytes = 1_500;
    expect(await audit(ID)).toMatchObject({ code: 1, err: expect.stringContaining('cut short') });
  });

  it.each([
    ['there is no such trail', ['winter'], undefined, 2, 'no trail of campaignId winter; known: chengdu-2020-3'],
    [
      'the operator is somewhere else',
      [ID, '--system-namespace', 'elsewhere'],
      undefined,
      2,
      'there is no Service voucher-audit in namespace elsewhere',
    ],
    [
      'the user has no right to it',
      [ID],
      { status: 403, reason: 'Forbidden', message: 'services "voucher-audit:audit" is forbidden' },
      1,
      'kubectl create rolebinding voucher-audit-reader-you -n voucher-system --role voucher-audit-reader',
    ],
    [
      'no operator runs',
      [ID],
      { status: 503, reason: 'ServiceUnavailable', message: 'no endpoints available for service' },
      1,
      'no operator answers behind Service voucher-audit',
    ],
  ])('says what to do when %s', async (_, args, answer, code, message) => {
    if (answer !== undefined) answers.set(PROXY, answer);
    expect(await audit(...args)).toMatchObject({ code, err: expect.stringContaining(message) });
  });

  it('says so when the operator has no journal', async () => {
    log.outage = new Error('no journal server can be reached');
    const { code, err } = await audit(ID);
    expect(code).toBe(1);
    expect(err).toContain("the operator can't read the trail now");
    expect(err).toContain('no journal server can be reached');
  });
});

describe('the port where trails are served', () => {
  const get = async (path: string, method = 'GET') => {
    const response = await fetch(`http://127.0.0.1:${auditServer.port}${path}`, { method });
    return { status: response.status, text: await response.text() };
  };

  it.each(['/metrics', '/livez', '/', '/audit', '/audit/', '/audit/..%2fmetrics', '/audit/A', '/audit/a/b'])(
    'has nothing at %s',
    async (path) => {
      expect((await get(path)).status).toBe(404);
    },
  );

  it('takes nothing', async () => {
    for (const method of ['POST', 'PUT', 'DELETE']) expect((await get(`/audit/${ID}`, method)).status).toBe(404);
  });

  it('ends an answer with how many entries there were and the hash of the last', async () => {
    const { text } = await get(`/audit/${ID}`);
    const lines = text.trimEnd().split('\n');
    expect(JSON.parse(lines.at(-1) ?? '')).toEqual({
      end: lines.length - 1,
      head: linkOf(lines.at(-2) ?? '').hash,
    });
  });
});
