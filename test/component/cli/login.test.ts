import { createPrivateKey, createPublicKey } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { challengeOf, createAssertionCheck } from '../../../app/login/check.ts';
import { createAssertionSigner } from '../../../app/login/sign.ts';
import { runCli } from '../../../cli/run.ts';

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'voucher-login-cli-'));
});
afterAll(() => rm(dir, { recursive: true }));

const call = async (...args: readonly string[]) => {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await runCli(['login', ...args], {
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    now: () => 0,
    wallMs: () => 0,
    env: { KUBECONFIG: '/no/such/kubeconfig' },
  });
  return { code, out: out.join(''), err: err.join('') };
};

describe('kubectl voucher login keys', () => {
  it('prints the public key, and writes a Secret that only its user can read', async () => {
    const file = join(dir, 'voucher-login.yaml');
    const { code, out } = await call('keys', '-n', 'vouchers', '--out', file);
    expect(code).toBe(0);
    const publicKey = /^publicKey: ([A-Za-z0-9+/]{43}=)$/m.exec(out)?.[1] ?? '';
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const secret = parse(await readFile(file, 'utf8'));
    expect(secret).toMatchObject({ kind: 'Secret', metadata: { name: 'voucher-login', namespace: 'vouchers' } });
    const pem: string = secret.stringData['login.private-key.pem'];
    const { x = '' } = createPublicKey(createPrivateKey(pem)).export({ format: 'jwk' });
    expect(Buffer.from(x, 'base64url').toString('base64')).toBe(publicKey);
    expect(out).not.toContain(pem.split('\n')[1]);

    // What the tier signs with it counts by it.
    const sign = await createAssertionSigner(pem);
    const who = { kind: 'account', channel: 'wechat', account: 'o1' } as const;
    const assertion = await sign(
      who,
      { campaignId: 'spring', system: 'wechat', challenge: challengeOf('n'.repeat(16)) },
      0,
    );
    const sent = { assertion, nonce: 'n'.repeat(16) };
    expect(await createAssertionCheck('spring')('account', sent, publicKey, 0)).toMatchObject({ kind: 'valid' });
  });

  it('never writes over a file, because it may hold the only copy of a key', async () => {
    const file = join(dir, 'kept.yaml');
    await call('keys', '-n', 'vouchers', '--out', file);
    const before = await readFile(file, 'utf8');
    const { code, err } = await call('keys', '-n', 'vouchers', '--out', file);
    expect(code).toBe(2);
    expect(err).toContain('exists already: name another file, or remove it');
    expect(await readFile(file, 'utf8')).toBe(before);
  });
});
