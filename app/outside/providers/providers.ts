/** A provider of a campaign, from its spec and the mounted Secret. */
import { providerFaults } from '../../../contract/outside/provider-faults.ts';
import { TENCENT_URL } from '../../../contract/tiers.ts';
import type { ProviderSpec } from '../../../contract/types/verification.ts';
import type { Clock } from '../../../runtime/clock.ts';
import { ConfigError } from '../../config.ts';
import { normalIdNumber, normalName } from '../../core/normal-form.ts';
import type { IdentityProvider } from '../../verification/ports.ts';
import { readKey } from '../keys.ts';
import { askWithKeys, providerKeys } from './ask.ts';
import { askHttp } from './http.ts';
import { askTencent } from './tencent.ts';

export interface ProvidersOptions {
  /** Folder of the mounted Secret: `<name>.secret-id` and `<name>.secret-key` of each provider. */
  readonly keysDir: string;
  readonly clock: Clock;
}

type Verify = IdentityProvider['verify'];

/** Checked by providerFaults before. */
const required = <T>(value: T | undefined, { name }: ProviderSpec, field: string): T => {
  if (value === undefined) throw new ConfigError(`provider ${name}: ${field} is not set`);
  return value;
};

const verifyTencent = async ({ name, url = TENCENT_URL }: ProviderSpec, options: ProvidersOptions): Promise<Verify> => {
  const folder = providerKeys(options.keysDir);
  const read = async () => {
    const [secretId, secretKey] = await Promise.all([
      readKey(folder, `${name}.secret-id`),
      readKey(folder, `${name}.secret-key`),
    ]);
    return { secretId, secretKey };
  };
  return askWithKeys(askTencent(url, options.clock), await read(), read);
};

const verifyHttp = async (provider: ProviderSpec, { keysDir, clock }: ProvidersOptions): Promise<Verify> => {
  const { name } = provider;
  const http = required(provider.http, provider, 'http');
  const read = async () =>
    http.signature === 'none' ? undefined : { secretKey: await readKey(providerKeys(keysDir), `${name}.secret-key`) };
  return askWithKeys(askHttp(required(provider.url, provider, 'url'), http, clock), await read(), read);
};

/** Sends the normal form, however the question was made. */
const inNormalForm =
  (verify: Verify): Verify =>
  (question, signal) =>
    verify({ ...question, name: normalName(question.name), idNumber: normalIdNumber(question.idNumber) }, signal);

/** @throws ConfigError when a key is missing or empty, or a provider is not described well (contract/outside/provider-faults.ts) */
export const createProvider = async (provider: ProviderSpec, options: ProvidersOptions): Promise<IdentityProvider> => {
  const { name, type } = provider;
  const [fault] = providerFaults(provider);
  if (fault !== undefined) throw new ConfigError(`provider ${name}: ${fault}`);
  const verify = await (type === 'TencentIdCard' ? verifyTencent : verifyHttp)(provider, options);
  return { name, verify: inNormalForm(verify) };
};
