/** One request to a channel with keys that can be rotated while the pod runs. */
import type { Clock } from '../../../runtime/clock.ts';
import type { WithKeys } from '../keys.ts';
import { type Attempt, type Called, unknown } from './answers.ts';

/** What the clients of all channels are made of. */
export interface ChannelParts<K> {
  readonly withKeys: WithKeys<K>;
  readonly clock: Clock;
  /** A new text of 32 hexadecimal digits for each request. */
  readonly random: () => string;
}

/** Keys are read again after a refusal, and after an answer whose signature is wrong. */
export const askWithKeys = async <K>(
  { withKeys }: ChannelParts<K>,
  ask: (keys: K) => Promise<Attempt>,
): Promise<Called> => {
  const { called } = await withKeys<Attempt>({
    ask,
    isSuspect: ({ keysInDoubt }) => keysInDoubt,
    rotated: { called: unknown('the keys were rotated'), keysInDoubt: false },
    unreadable: (reason) => ({ called: { kind: 'refused', reason }, keysInDoubt: false }),
  });
  return called;
};
