/** Asks a provider with keys that can be rotated while the pod runs. */
import type { IdentityProvider, IdentityQuestion, ProviderAnswer } from '../../verification/ports.ts';
import { type KeyFolder, keepKeys } from '../keys.ts';

/** Asks with these keys. Rejects only with the signal's reason. */
export type Ask<K> = (question: IdentityQuestion, keys: K, signal: AbortSignal) => Promise<ProviderAnswer>;

export const providerKeys = (dir: string): KeyFolder => ({ dir, field: 'spec.verification.secretName' });

/** Keys are read again when the provider refuses. */
export const askWithKeys = <K>(ask: Ask<K>, initial: K, read: () => Promise<K>): IdentityProvider['verify'] => {
  const withKeys = keepKeys(initial, read);
  return (question, signal) =>
    withKeys<ProviderAnswer>({
      ask: (keys) => ask(question, keys, signal),
      isSuspect: ({ kind }) => kind === 'refused',
      rotated: { kind: 'retry', reason: 'the keys were rotated' },
      unreadable: (reason) => ({ kind: 'refused', reason }),
    });
};
