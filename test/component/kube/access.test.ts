import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createKubeAccess, type KubeAccess } from '../../../operator/kube/access.ts';

let dir: string;
let nowMs: number;
let access: KubeAccess | undefined;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'access-'));
  nowMs = 0;
});

afterEach(async () => {
  await access?.close();
  access = undefined;
  await rm(dir, { recursive: true });
});

const config = async (
  changes: { readonly cluster?: object; readonly user?: object; readonly current?: string } = {},
) => {
  const path = join(dir, 'kubeconfig');
  const text = JSON.stringify({
    'current-context': changes.current ?? 'main',
    contexts: [
      { name: 'main', context: { cluster: 'c', user: 'u', namespace: 'vouchers' } },
      { name: 'other', context: { cluster: 'c', user: 'u' } },
    ],
    clusters: [{ name: 'c', cluster: { server: 'https://10.0.0.1:6443/', ...changes.cluster } }],
    users: [{ name: 'u', user: { token: 'one', ...changes.user } }],
  });
  await writeFile(path, text);
  return path;
};
const open = (kubeconfig: string, context?: string): KubeAccess => {
  access = createKubeAccess({
    kubeconfig,
    env: {},
    monotonicMs: () => nowMs,
    ...(context === undefined ? {} : { context }),
  });
  return access;
};

describe('access to the API server', () => {
  it('knows server, namespace and credentials of a context', async () => {
    const path = await config();
    const { server, namespace, session } = open(path);
    expect([server, namespace]).toEqual(['https://10.0.0.1:6443', 'vouchers']);
    expect((await session()).headers).toEqual({ authorization: 'Bearer one' });
    expect(createKubeAccess({ kubeconfig: path, context: 'other', env: {}, monotonicMs: () => 0 }).namespace).toBe(
      'default',
    );
  });

  it('takes the files of KUBECONFIG that are there, and from each name the first', async () => {
    const first = await config();
    const second = join(dir, 'second');
    const texts = (await readFile(first, 'utf8')).replaceAll('10.0.0.1', '10.0.0.2').replaceAll('"other"', '"third"');
    await writeFile(second, texts);
    const env = { KUBECONFIG: [join(dir, 'missing'), first, second].join(delimiter) };
    access = createKubeAccess({ env, context: 'third', monotonicMs: () => nowMs });
    expect(access.server).toBe('https://10.0.0.1:6443');
  });

  it('says where it looked when there is no kubeconfig at all', () => {
    expect(() => createKubeAccess({ env: { HOME: dir }, monotonicMs: () => nowMs })).toThrow(
      `there is no kubeconfig: ${join(dir, '.kube', 'config')} is missing; set KUBECONFIG or --kubeconfig`,
    );
  });

  it('keeps one pool for all calls, also after ten seconds', async () => {
    const { session } = open(await config());
    const first = await session();
    nowMs = 11_000;
    const second = await session();
    expect(second.dispatcher).toBe(first.dispatcher);
    expect(second).not.toBe(first);
  });

  it('takes a new pool when the authority’s certificate was changed in its file', async () => {
    const ca = join(dir, 'ca.crt');
    await writeFile(ca, 'one');
    const { session } = open(await config({ cluster: { 'certificate-authority': ca } }));
    const first = await session();
    await writeFile(ca, 'two');
    expect((await session()).dispatcher).toBe(first.dispatcher);
    nowMs = 11_000;
    expect((await session()).dispatcher).not.toBe(first.dispatcher);
  });

  it('reads credentials anew once they were refused', async () => {
    const { session, expire } = open(await config());
    const first = await session();
    expect(await session()).toBe(first);
    expire();
    expect(await session()).not.toBe(first);
  });

  it('sends a user name and password, and whom it impersonates', async () => {
    const { session } = open(await config({ user: { token: undefined, username: 'a', password: 'b', as: 'owner' } }));
    expect((await session()).headers).toEqual({ authorization: 'Basic YTpi', 'impersonate-user': 'owner' });
  });

  it.each([
    ['a context that is not there', 'nope', {}, /no context "nope"; the kubeconfig has main, other/],
    ['no context at all', undefined, { current: 'gone' }, /names no cluster: set current-context/],
  ])('refuses %s and names the way out', async (_, context, changes, want) => {
    const path = await config(changes);
    expect(() => open(path, context)).toThrow(want);
  });

  it('refuses a SOCKS proxy instead of going around it', async () => {
    const { session } = open(await config({ cluster: { 'proxy-url': 'socks5://127.0.0.1:1' } }));
    await expect(session()).rejects.toThrow(/only HTTP proxies/);
  });
});
