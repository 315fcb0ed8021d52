/** Real clients against a local provider, with keys in a folder as in a pod, and a deadline that tests can wait for. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProvider } from '../../../app/outside/providers/providers.ts';
import type { IdentityProvider, ProviderAnswer } from '../../../app/verification/ports.ts';
import type { HttpProvider, ProviderSpec } from '../../../contract/types/verification.ts';
import { citizenOf } from '../../../local/load/citizen.ts';
import type { FaultKind } from '../../../local/providers/faults.ts';
import type { Truth } from '../../../local/providers/truth.ts';
import { sourceErrorsOf, truthOf } from '../../../local/providers/truth.ts';
import { type Clock, systemClock } from '../../../runtime/clock.ts';
import { eventually } from '../../helpers/eventually.ts';

export const KEYS = { secretId: 'AKIDLOCAL', secretKey: 'local-key-1' };

/** Faults after which the client has an answer that it can read. */
export const LEAVES_AN_ANSWER: readonly FaultKind[] = ['slow', 'twice', 'again'];

/** The client's 5 s become half a second: for faults after which it waits that long. Other answers may need more on a busy machine. */
export const hurried: Clock = {
  ...systemClock,
  after: (delayMs, callback) => systemClock.after(delayMs / 10, callback),
};

export const wrongClock = (offsetMs: number): Clock => ({ ...systemClock, now: () => Date.now() + offsetMs });

export const HEALTH_CODE: HttpProvider = {
  body: '{"name":"{{name}}","idNumber":"{{idNumber}}","requestId":"{{requestId}}"}',
  signature: 'hmacSha256',
  codeAt: '/result/code',
  match: ['GREEN'],
  mismatch: ['RED'],
  noRecord: ['NONE'],
  quotaExceeded: ['TOMORROW'],
};

export interface Client {
  readonly provider: IdentityProvider;
  readonly keysDir: string;
  ask(person: { readonly name: string; readonly idNumber: string }, signal?: AbortSignal): Promise<ProviderAnswer>;
  rotate(secretKey: string): Promise<void>;
  /** The first answer that need not be asked for again. */
  settled(person: { readonly name: string; readonly idNumber: string }): Promise<ProviderAnswer>;
  remove(): Promise<void>;
}

export const clientOf = async (
  type: ProviderSpec['type'],
  url: string,
  clock: Clock = systemClock,
  keys = KEYS,
): Promise<Client> => {
  const keysDir = await mkdtemp(join(tmpdir(), 'provider-keys-'));
  const rotate = (secretKey: string): Promise<void> => writeFile(join(keysDir, 'a.secret-key'), secretKey);
  await writeFile(join(keysDir, 'a.secret-id'), keys.secretId);
  await rotate(keys.secretKey);
  const spec = { requestsPerSecond: 100, timeZone: 'Asia/Shanghai', order: 1, weight: 1 };
  const described = type === 'Http' ? { http: HEALTH_CODE } : {};
  const provider = await createProvider({ name: 'a', type, url, ...spec, ...described }, { keysDir, clock });
  let asked = 0;
  const ask: Client['ask'] = ({ name, idNumber }, signal = new AbortController().signal) => {
    asked += 1;
    return provider.verify({ name, idType: 'CN_ID', idNumber, requestId: `R${asked}` }, signal);
  };
  return {
    provider,
    keysDir,
    ask,
    settled: (person) =>
      eventually(
        async () => {
          const answer = await ask(person);
          return answer.kind !== 'retry' && answer;
        },
        { what: 'an answer' },
      ),
    rotate,
    remove: () => rm(keysDir, { recursive: true }),
  };
};

/** The first people of the crowd whose truth this is, without trouble at the source. */
export const people = (truth: Truth, count: number) => {
  const found: { readonly name: string; readonly idNumber: string }[] = [];
  for (let index = 0; found.length < count; index += 1) {
    const citizen = citizenOf(5, index);
    if (truthOf(citizen) === truth && sourceErrorsOf(citizen.idNumber) === 0) found.push(citizen);
  }
  return found;
};

export const person = (truth: Truth) => {
  const [one] = people(truth, 1);
  if (one === undefined) throw new Error('no such person');
  return one;
};
