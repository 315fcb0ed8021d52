/** `kubectl voucher` while the API server has a bad time, on real sockets. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runCli } from '../../../cli/run.ts';
import { aReport, aStatus, conditions } from '../../helpers/a-status.ts';
import { eventually } from '../../helpers/eventually.ts';
import { type Answer, type Received, StrawApiServer } from '../kube/api-server.ts';

const GONE: Answer = { status: 404, body: { kind: 'Status', code: 404, reason: 'NotFound', message: 'not found' } };
const CONFLICT: Answer = {
  status: 422,
  body: { kind: 'Status', code: 422, reason: 'Invalid', message: 'test failed' },
};

let server: StrawApiServer;
let folder = '';
let version = 1;
let annotations: Readonly<Record<string, string>> = {};
let stage = 'Open';

const campaign = (): object => {
  const { campaign: seen } = aReport({ status: aStatus({ stage, conditions: conditions() }) });
  return { ...seen, metadata: { ...seen.metadata, annotations, resourceVersion: String(version) } };
};

beforeEach(async () => {
  server = await new StrawApiServer().start();
  folder = await mkdtemp(join(tmpdir(), 'voucher-hiccups-'));
  await writeFile(join(folder, 'config'), server.kubeconfig);
  [version, annotations, stage] = [1, {}, 'Open'];
});

afterEach(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

const NONE: Answer = { status: 200, body: { metadata: { resourceVersion: '1' }, items: [] } };

const isCampaign = ({ path }: Received): boolean => path.endsWith('/vouchercampaigns/spring');

const voucher = (args: readonly string[], interrupted?: AbortSignal) => {
  const [out, err]: [string[], string[]] = [[], []];
  const code = runCli(args, {
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    now: () => performance.now(),
    wallMs: () => Date.now(),
    env: { KUBECONFIG: join(folder, 'config') },
    ...(interrupted === undefined ? {} : { interrupted }),
  });
  return { out, err, code };
};

describe('status -w on a pipe', () => {
  it('goes on after answers that were none, and tells each news once', async () => {
    let isAway = false;
    server.handler = (request) => {
      if (isAway) return 'reset';
      if (request.path.endsWith('/scaleplans')) return NONE;
      return isCampaign(request) ? { status: 200, body: campaign() } : GONE;
    };
    const ended = new AbortController();
    const { out, err, code } = voucher(['status', 'spring', '-w', '-o', 'json'], ended.signal);
    const told = (number: number) =>
      eventually(async () => out.length === number || undefined, { what: `${number} answers` });
    await told(1);
    isAway = true;
    const before = server.received.length;
    await eventually(async () => server.received.length >= before + 2 || undefined, {
      what: 'it to ask',
    });
    [isAway, version, stage] = [false, 2, 'Draining'];
    await told(2);
    ended.abort();
    expect(await code).toBe(0);
    expect(err).toEqual([]);
    expect(out.map((text) => JSON.parse(text).stage)).toEqual(['Open', 'Draining']);
  });

  it('ends at once when the call itself is wrong', async () => {
    server.handler = () => GONE;
    const { out, err, code } = voucher(['status', 'autumn', '-w']);
    expect(await code).toBe(2);
    expect(out).toEqual([]);
    expect(err.join('')).toContain('there is no campaign autumn in namespace vouchers');
  });
});

describe('an annotation', () => {
  const resume = (meanwhile: () => void) => {
    let patches = 0;
    server.handler = (request) => {
      if (!isCampaign(request)) return GONE;
      if (request.method === 'GET') return { status: 200, body: campaign() };
      patches += 1;
      const [{ value }] = JSON.parse(request.body);
      if (patches === 1) {
        version += 1;
        meanwhile();
      }
      return value === String(version) ? { status: 200, body: campaign() } : CONFLICT;
    };
    annotations = { 'voucher-operator.io/paused': '2030-01-01T00:00:00Z' };
    return voucher(['resume', 'spring']);
  };

  it('is taken away although the operator wrote the status in that moment', async () => {
    const { out, code } = resume(() => undefined);
    expect(await code).toBe(0);
    expect(out.join('')).toContain('spring is resumed');
  });

  it('stays when somebody else changed it in that moment', async () => {
    const { err, code } = resume(() => {
      annotations = { 'voucher-operator.io/paused': '2031-01-01T00:00:00Z' };
    });
    expect(await code).toBe(2);
    expect(err.join('')).toContain('spring was changed by another user at this moment');
  });
});
