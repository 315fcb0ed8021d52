import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConfigError } from '../../../../app/config.ts';
import { askWithKeys } from '../../../../app/outside/providers/ask.ts';
import { createProvider } from '../../../../app/outside/providers/providers.ts';
import type { ProviderAnswer } from '../../../../app/verification/ports.ts';
import type { ProviderSpec } from '../../../../contract/types/verification.ts';
import { FakeClock } from '../../../helpers/fake-clock.ts';

const provider = (fields: Partial<ProviderSpec> = {}): ProviderSpec => ({
  name: 'tencent',
  type: 'TencentIdCard',
  requestsPerSecond: 100,
  timeZone: 'Asia/Shanghai',
  order: 1,
  weight: 1,
  ...fields,
});
const http = {
  body: '{"id":"{{idNumber}}"}',
  signature: 'hmacSha256',
  codeAt: '/code',
  match: ['1'],
  mismatch: ['2'],
} as const;

describe('the providers of a campaign', () => {
  let keysDir: string;
  beforeEach(async () => {
    keysDir = await mkdtemp(join(tmpdir(), 'keys-'));
  });
  afterEach(() => rm(keysDir, { recursive: true }));

  const write = (file: string, text: string): Promise<void> => writeFile(join(keysDir, file), text);
  const create = (...providers: ProviderSpec[]) =>
    Promise.all(providers.map((one) => createProvider(one, { keysDir, clock: new FakeClock() })));

  it('are created, with keys and without', async () => {
    await Promise.all([write('tencent.secret-id', 'AKID1\n'), write('tencent.secret-key', 'k')]);
    const city = provider({
      name: 'city',
      type: 'Http',
      url: 'https://city.example',
      http: { ...http, signature: 'none' },
    });
    const made = await create(city, provider());
    expect(made.map(({ name }) => name)).toEqual(['city', 'tencent']);
  });

  const keyProblems: Record<string, readonly [files: Record<string, string>, message: string]> = {
    missing: [
      { 'tencent.secret-id': 'AKID1' },
      "tencent.secret-key can't be read; add the key tencent.secret-key to the Secret",
    ],
    empty: [{ 'tencent.secret-id': ' \n', 'tencent.secret-key': 'k' }, 'tencent.secret-id is empty; add the key'],
    'with a space inside': [
      { 'tencent.secret-id': 'AKID1', 'tencent.secret-key': 'top secret' },
      'tencent.secret-key contains spaces',
    ],
    'with a byte order mark and quotes': [
      { 'tencent.secret-id': 'AKID1', 'tencent.secret-key': '“k”' },
      'tencent.secret-key contains spaces or other characters',
    ],
  };

  it.each(Object.entries(keyProblems))('with a key that is %s can’t be created', async (_what, [files, message]) => {
    for (const [file, text] of Object.entries(files)) await write(file, text);
    const failed = create(provider());
    await expect(failed).rejects.toThrow(ConfigError);
    await expect(failed).rejects.toThrow(message);
    await expect(failed).rejects.not.toThrow('top secret');
  });

  it.each([
    ['url', provider({ name: 'city', type: 'Http', http }), 'provider city: url is not set'],
    ['http', provider({ name: 'city', type: 'Http', url: 'https://city.example' }), 'provider city: http is not set'],
    ['an address', provider({ url: 'https://' }), 'provider tencent: url is not a valid address'],
  ])('of type Http without %s can’t be created', async (_what, spec, message) => {
    await Promise.all(
      ['city', 'tencent'].flatMap((name) => [write(`${name}.secret-id`, 'i'), write(`${name}.secret-key`, 'k')]),
    );
    await expect(create(spec)).rejects.toThrow(message);
  });
});

describe('keys that are rotated while the pod runs', () => {
  const question = { name: '张三', idType: 'CN_ID', idNumber: '11010519491231002X', requestId: 'R1' };
  const match: ProviderAnswer = { kind: 'match', code: '0' };
  const refused: ProviderAnswer = { kind: 'refused', reason: 'the signature is wrong' };
  const { signal } = new AbortController();

  /** The provider accepts one key; the file holds one. */
  const world = () => {
    const state = { accepted: 'old', file: 'old' as string | undefined, reads: 0, used: [] as string[] };
    const verify = askWithKeys(
      async (_question, keys: { key: string }) => {
        state.used.push(keys.key);
        return keys.key === state.accepted ? match : refused;
      },
      { key: 'old' },
      async () => {
        state.reads += 1;
        if (state.file === undefined) throw new ConfigError('/keys/a.secret-key is empty; add the key');
        return { key: state.file };
      },
    );
    return { state, verify: () => verify(question, signal) };
  };

  it('are not read while the provider accepts them', async () => {
    const { state, verify } = world();
    expect(await verify()).toEqual(match);
    expect(state.reads).toBe(0);
  });

  it('are read after a refusal, and the question is asked again with the new ones', async () => {
    const { state, verify } = world();
    Object.assign(state, { accepted: 'new', file: 'new' });
    expect(await verify()).toEqual({ kind: 'retry', reason: 'the keys were rotated' });
    expect(await verify()).toEqual(match);
    expect(state.used).toEqual(['old', 'new']);
  });

  it('are read before the next request when the file changes later', async () => {
    const { state, verify } = world();
    state.accepted = 'new';
    expect(await verify()).toEqual(refused);
    state.file = 'new';
    expect(await verify()).toEqual(match);
  });

  it('refuse while the file is empty, and name it', async () => {
    const { state, verify } = world();
    Object.assign(state, { accepted: 'new', file: undefined });
    const named = { kind: 'refused', reason: '/keys/a.secret-key is empty; add the key' };
    expect(await verify()).toEqual(named);
    expect(await verify()).toEqual(named);
    expect(state.used).toEqual(['old']);
    state.file = 'new';
    expect(await verify()).toEqual(match);
  });

  it('are replaced once when several questions were under way', async () => {
    const { state, verify } = world();
    Object.assign(state, { accepted: 'new', file: 'new' });
    const answers = await Promise.all([verify(), verify(), verify()]);
    expect(answers.map(({ kind }) => kind)).toEqual(['retry', 'retry', 'retry']);
    expect(await verify()).toEqual(match);
  });
});
