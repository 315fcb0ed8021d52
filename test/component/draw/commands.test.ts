/** `kubectl voucher draw show, commit, source` on an API server of straw, which keeps one campaign. */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { runCli } from '../../../cli/run.ts';
import { DRAW_COMMIT, drawSourceAnnotation, promoteAnnotation } from '../../../contract/names.ts';
import type { DrawStatus } from '../../../contract/types/draw.ts';
import { commitText, listDigits, promoteText, sourceText } from '../../../operator/draw/commands.ts';
import { aCampaign, DRAW } from '../../helpers/a-campaign.ts';
import { receiptOf } from '../../helpers/records.ts';

const NAME = aCampaign().metadata.name;
const NOT_BEFORE = '2020-09-26T02:00:00.000Z';
const COMMITMENT = 'cd'.repeat(32);
const LISTED: DrawStatus = {
  phase: 'Listed',
  frozenAt: '2020-09-25T10:00:20.000Z',
  entries: 3_000,
  lists: [{ voucher: 'dining-50', entries: 3_000, digest: 'ab'.repeat(32) }],
};
const COMMITTED: DrawStatus = {
  ...LISTED,
  phase: 'Committed',
  commitment: COMMITMENT,
  attempt: 1,
  notBefore: NOT_BEFORE,
  missing: ['lottery'],
};

let folder = '';
let apiServer: Server;
let user = 'alice';
let draw: DrawStatus | undefined;
let sources = true;
let annotations: Record<string, string> = {};
/** The admission policy refuses. */
let refusal: string | undefined;
let nowMs = Date.parse(NOT_BEFORE) + 60_000;

const campaign = (): object => {
  const base = aCampaign({
    metadata: { annotations, uid: 'u-1', resourceVersion: '7' },
    spec: {
      draw: sources
        ? {
            ...DRAW,
            sources: [
              { name: 'drand', type: 'Drand' },
              { name: 'lottery', type: 'PublicValue', description: 'the numbers' },
            ],
          }
        : DRAW,
    },
  });
  const reason = DRAW_COMMIT in annotations ? 'Committing' : 'WaitingForAuthorization';
  const condition = { type: 'DrawCommitted', status: 'False', reason, message: reason, lastTransitionTime: NOT_BEFORE };
  return { ...base, status: { conditions: [condition], ...(draw === undefined ? {} : { draw }) } };
};

interface PatchOp {
  readonly op: string;
  readonly path: string;
  readonly value?: string;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'voucher-draw-cli-'));
  apiServer = createServer(async (request, response) => {
    const answer = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    if (request.url?.includes('selfsubjectreviews') === true)
      return answer(201, { status: { userInfo: { username: user } } });
    if (request.method !== 'PATCH') return answer(200, campaign());
    const operations = (await json(request)) as readonly PatchOp[];
    if (refusal !== undefined) return answer(403, { kind: 'Status', code: 403, reason: 'Forbidden', message: refusal });
    for (const { op, path, value } of operations) {
      const key = path.replace('/metadata/annotations/', '').replaceAll('~1', '/');
      if (op === 'add' && typeof value === 'string') annotations = { ...annotations, [key]: value };
    }
    answer(200, campaign());
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
beforeEach(() => {
  [user, draw, sources, annotations, refusal] = ['alice', LISTED, true, {}, undefined];
  nowMs = Date.parse(NOT_BEFORE) + 60_000;
});
afterAll(async () => {
  apiServer.closeAllConnections();
  apiServer.close();
  await rm(folder, { recursive: true });
});

const call = async (...args: readonly string[]) => {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await runCli(['draw', ...args], {
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    now: () => performance.now(),
    wallMs: () => nowMs,
    env: { KUBECONFIG: join(folder, 'kubeconfig') },
  });
  return { code, out: out.join(''), err: err.join('') };
};

describe('kubectl voucher draw commit', () => {
  it('authorises in one’s own name, and shows what is fixed', async () => {
    const { code, out, err } = await call('commit', NAME);
    expect([code, err]).toEqual([0, '']);
    expect(annotations).toEqual({ [DRAW_COMMIT]: commitText('alice', listDigits(LISTED.lists ?? [])) });
    expect(out).toContain('you have authorised the commitment; a Job computes the commitment and publishes it.');
    expect(out).toContain(`dining-50: 1000 of 3000 win; list ${'ab'.repeat(32)}`);
  });

  it('has nothing to do when it is published', async () => {
    draw = COMMITTED;
    expect(await call('commit', NAME)).toMatchObject({ code: 0, out: expect.stringContaining('is published already') });
    expect(annotations).toEqual({});
  });

  it('is refused without a list, without sources, and without the permission', async () => {
    draw = { phase: 'Waiting' };
    expect(await call('commit', NAME)).toMatchObject({ code: 2, err: expect.stringContaining('is not made yet') });
    draw = LISTED;
    sources = false;
    expect(await call('commit', NAME)).toMatchObject({ code: 2, err: expect.stringContaining('spec.draw.sources') });
    sources = true;
    refusal = "ValidatingAdmissionPolicy 'x' denied request: it requires the verb authorize on vouchercampaigns";
    expect(await call('commit', NAME)).toMatchObject({ code: 1, err: expect.stringContaining('verb authorize') });
  });
});

describe('kubectl voucher draw source', () => {
  const enter = (value = '03 11') => call('source', NAME, 'lottery', value);

  it('is done by two people who write the same', async () => {
    draw = COMMITTED;
    expect((await enter(' 03 11 ')).out).toContain('Another person must enter the same one.');
    user = 'bob';
    expect((await enter('04')).out).toContain('alice and bob have entered different values for lottery');
    expect((await enter()).out).toContain('alice and bob have entered the same value for lottery.');
    expect(annotations).toEqual({
      [drawSourceAnnotation('lottery', 1)]: sourceText('alice', COMMITMENT, '03 11'),
      [drawSourceAnnotation('lottery', 2)]: sourceText('bob', COMMITMENT, '03 11'),
    });
    user = 'carol';
    expect(await enter()).toMatchObject({ code: 2, err: expect.stringContaining('two other people have entered') });
  });

  it('takes the place of a value that was entered for an earlier commitment', async () => {
    const earlier = sourceText('carol', '00'.repeat(32), '07');
    annotations = { [drawSourceAnnotation('lottery', 1)]: earlier, [drawSourceAnnotation('lottery', 2)]: earlier };
    draw = COMMITTED;
    expect((await enter()).out).toContain('Another person must enter the same one.');
    user = 'bob';
    expect((await enter()).out).toContain('alice and bob have entered the same value for lottery.');
  });

  it('is refused before its time, for another name, and for what is no value', async () => {
    expect(await enter()).toMatchObject({ code: 2, err: expect.stringContaining('not published yet') });
    draw = COMMITTED;
    nowMs = Date.parse(NOT_BEFORE) - 1;
    expect(await enter()).toMatchObject({ code: 2, err: expect.stringContaining(`before ${NOT_BEFORE}`) });
    nowMs += 1;
    expect(await enter('\n')).toMatchObject({ code: 2, err: expect.stringContaining('the value is empty') });
    expect(await call('source', NAME, 'drand', '7')).toMatchObject({
      code: 2,
      err: expect.stringContaining('lottery: the numbers'),
    });
    draw = { ...COMMITTED, missing: [] };
    expect(await enter()).toMatchObject({ code: 0, out: expect.stringContaining('lottery has its value') });
    expect(annotations).toEqual({});
  });
});

describe('kubectl voucher draw promote', () => {
  const RECEIPT = receiptOf('li');
  const ENTRY = '0a'.repeat(32);
  const DRAWN: DrawStatus = { ...COMMITTED, phase: 'Drawn', result: 'ef'.repeat(32), announced: true };
  const promote = (...args: readonly string[]) => call('promote', NAME, ...args);

  it('is ordered for a receipt or an entry, with a reason, in one’s own name', async () => {
    draw = DRAWN;
    expect(await promote('--receipt', RECEIPT.toLowerCase(), '--reason', 'no account')).toMatchObject({
      code: 0,
      err: '',
    });
    expect(await promote(ENTRY, '--reason', 'erased')).toMatchObject({ code: 0 });
    const at = new Date(nowMs).toISOString();
    expect(annotations).toEqual({
      [promoteAnnotation(RECEIPT)]: promoteText('alice', at, 'ef'.repeat(32), 'no account'),
      [promoteAnnotation(ENTRY)]: promoteText('alice', at, 'ef'.repeat(32), 'erased'),
    });
  });

  it('is refused before the announcement, without a reason, and for what names no one', async () => {
    expect(await promote(ENTRY, '--reason', 'x')).toMatchObject({
      code: 2,
      err: expect.stringContaining('not announced'),
    });
    draw = DRAWN;
    expect(await promote('--reason', 'x')).toMatchObject({ code: 2, err: expect.stringContaining('or --receipt') });
    expect(await promote('12', '--reason', 'x')).toMatchObject({ code: 2, err: expect.stringContaining('64 hex') });
    expect(await promote('--receipt', '12', '--reason', 'x')).toMatchObject({ code: 2 });
    expect(await promote(ENTRY, '--reason', ' ')).toMatchObject({ code: 2, err: expect.stringContaining('--reason') });
    refusal = "ValidatingAdmissionPolicy 'x' denied request: it requires the verb authorize on vouchercampaigns";
    expect(await promote(ENTRY, '--reason', 'x')).toMatchObject({ code: 1, err: expect.stringContaining('authorize') });
    expect(annotations).toEqual({});
  });
});

describe('kubectl voucher draw show', () => {
  it('shows list, digests, results and what is waited for', async () => {
    draw = {
      ...COMMITTED,
      phase: 'Drawn',
      result: 'ef'.repeat(32),
      results: [{ voucher: 'dining-50', winners: 1_000, waitlisted: 100, seed: 'ab', digest: 'cd' }],
    };
    const { code, out } = await call('show', NAME);
    expect(code).toBe(0);
    expect(out).toMatch(
      /chengdu: Drawn\nVOUCHER +ENTRIES +QUOTA +WINNERS +WAITING\ndining-50 +3000 +1000 +1000 +100\n/,
    );
    expect(out).toContain(`Result: ${'ef'.repeat(32)}`);
    expect(out).toContain('DrawCommitted False (WaitingForAuthorization)');
    expect(JSON.parse((await call('show', NAME, '-o', 'json')).out)).toMatchObject({ phase: 'Drawn' });
  });

  it('says so before closing', async () => {
    draw = undefined;
    expect((await call('show', NAME)).out).toBe('chengdu: registration has not closed.\n');
  });
});
