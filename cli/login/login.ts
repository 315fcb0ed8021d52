/** `kubectl voucher login keys`: makes the key pair of a campaign's login tier. It needs no cluster. */
import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { stringify } from 'yaml';
import { LOGIN_KEYS } from '../../contract/outside/login.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';

interface KeysOptions {
  readonly namespace: string;
  readonly secretName: string;
  readonly out: string;
}

/** The public key as `spec.login.publicKey`, and the Secret that login pods mount. */
export const newLoginKeys = (namespace: string, secretName: string) => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const { x = '' } = publicKey.export({ format: 'jwk' });
  return {
    publicKey: Buffer.from(x, 'base64url').toString('base64'),
    secret: {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'Opaque',
      metadata: { name: secretName, namespace },
      stringData: { [LOGIN_KEYS.privateKey]: String(privateKey.export({ format: 'pem', type: 'pkcs8' })).trimEnd() },
    },
  };
};

const isThere = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'EEXIST';

const keys = async ({ namespace, secretName, out }: KeysOptions, io: Io): Promise<void> => {
  const { publicKey, secret } = newLoginKeys(namespace, secretName);
  // An existing file is never overwritten: it may be the only copy of a private key.
  await writeFile(out, stringify(secret), { mode: 0o600, flag: 'wx' }).catch((error: unknown) => {
    throw isThere(error) ? new UsageError(`--out ${out} exists already: name another file, or remove it`) : error;
  });
  io.out(
    `publicKey: ${publicKey}\n` +
      `Copy this key to spec.login.publicKey; it is fixed once the campaign has opened. ${out} contains the private key. Add the keys of the ` +
      `login systems to it, run kubectl apply -f ${out}, and delete the file.\n`,
  );
};

export const loginCommand = (io: Io): Command => {
  const login = new Command('login').description('the logins of a campaign');
  login
    .command('keys')
    .description('make the key pair with which the login tier signs assertions')
    .requiredOption('-n, --namespace <name>', 'namespace of the campaign')
    .requiredOption('--out <file>', 'where the Secret with the private key is written; the file must not exist')
    .option('--secret-name <name>', 'name of the Secret, as in spec.login.secretName', 'voucher-login')
    .addHelpText('after', '\nExample:\n  kubectl voucher login keys -n vouchers --out voucher-login.yaml')
    .action((options: KeysOptions) => keys(options, io));
  return login;
};
