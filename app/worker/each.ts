/** What tiers have in common that decide one message after the other, and give back those that can't be decided now. */
import type { EventEnvelope } from '../../contract/envelope.ts';
import { decodeMessage } from '../records/decode.ts';
import type { GivenBack, Message, SetAside, Settled, TierPart } from './part.ts';

/** `W`: why a message is given back. */
export type Outcome<W extends string> =
  | { readonly kind: 'done' }
  | { readonly kind: 'set_aside'; readonly as: SetAside }
  | { readonly kind: 'wait'; readonly reason: W; readonly delayMs: number };

export const DONE = { kind: 'done' } as const satisfies Outcome<never>;

/** A message that will never be accepted, for a reason that only the tier knows. */
export const setAside = ({ shard, sequence }: Message, kind: string, reason: string): Outcome<never> => ({
  kind: 'set_aside',
  as: { shard, sequence, kind, reason },
});

/** The event in a message, or what becomes of a message without one: a later release may know it. */
export const eventIn = (
  message: Message,
  campaignId: string,
): { readonly kind: 'event'; readonly event: EventEnvelope } | { readonly kind: 'later_release' } | Outcome<never> => {
  const decoded = decodeMessage(message, campaignId);
  if (decoded.kind === 'rejected') return setAside(message, decoded.rejection, decoded.reason);
  return decoded.kind === 'event' ? decoded : { kind: 'later_release' };
};

/** With up to a half more, so that what was given back together does not come back together. @param random [0, 1) */
export const spread = (delayMs: number, random: number): number => delayMs * (1 + random / 2);

export interface EachDeps<W extends string> {
  /** Never rejects. */
  answer(message: Message, signal: AbortSignal): Promise<Outcome<W>>;
  givenBack(reason: W): void;
  /** A message is in hand until the result is called. */
  holds(storedAtMs: number): () => void;
}

export const oneByOne = <W extends string>({
  answer,
  givenBack,
  holds,
}: EachDeps<W>): Pick<TierPart<Settled>, 'commit' | 'keepAside'> => ({
  async commit(messages, signal) {
    const aside: SetAside[] = [];
    const back: GivenBack[] = [];
    const settle = async (message: Message): Promise<void> => {
      const settled = holds(message.storedAtMs);
      const outcome = await answer(message, signal).finally(settled);
      if (outcome.kind === 'set_aside') aside.push(outcome.as);
      if (outcome.kind !== 'wait') return;
      givenBack(outcome.reason);
      back.push({ sequence: message.sequence, delayMs: outcome.delayMs });
    };
    await Promise.all(messages.map(settle));
    return { setAside: aside, givenBack: back };
  },
  keepAside: async ({ shard, sequence }, { kind, code }) => ({
    setAside: [{ shard, sequence, kind, reason: code }],
  }),
});
