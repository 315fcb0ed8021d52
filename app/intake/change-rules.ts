/**
 * What a citizen may change, by the facts of the receipt. Pure. The deadline and the secret are checked before.
 *
 * | asked for  | what is stored                                    | result |
 * |------------|---------------------------------------------------|--------|
 * | any        | erased; merged; withdrawn                         | ERASED; SUPERSEDED; WITHDRAWN |
 * | correction | rejected or in review 1 or 2, with other content  | corrected, with the attempt of the verdict that it answers |
 * | correction | rejected or in review 1 or 2, with the same content | UNCHANGED: a paid question for nothing |
 * | correction | rejected or in review 3                           | NO_CORRECTION_LEFT |
 * | correction | no such verdict, and the last correction is the same | done: a repeat |
 * | correction | no such verdict                                   | NOT_REJECTED |
 * | channel    | each channel is a registration of its own         | CHANNEL_FIXED |
 * | channel    | it has this channel                               | done: a repeat |
 * | channel    | five changes                                      | NO_CHANNEL_CHANGE_LEFT |
 * | channel    | fewer                                             | channel_changed, with the next attempt |
 * | channel, after the freeze | the last request to issue has not failed | LIST_FROZEN |
 *
 * A correction before a verdict is not possible: `corrected n` answers verdict n, so it would also answer one that is under way
 * for what it corrects. Worked example: received, rejected 1, corrected 1, manual_review 2, corrected 2, rejected 3: final.
 *
 * A receipt that another one of the person supersedes is changed like any other, because it may count later (contract/winner.ts).
 *
 * A withdrawal asks for none of this. It is stored once, whatever else is stored, and outranks a correction of the same moment.
 */
import type { Channel, EventEnvelope } from '../../contract/envelope.ts';
import { receivedDataOf } from '../../contract/envelope-schema.ts';
import type { StoredFact } from '../../journal/publishing.ts';
import { type Fact, type Projection, project } from '../core/projection.ts';
import type { ErrorCode } from '../http/errors.ts';

export const MOST_CORRECTIONS = 2;
export const MOST_CHANNEL_CHANGES = 5;

export type WantedChange =
  /** `fingerprint` of the registration with these personal fields, see core/receipt.ts. */
  | { readonly kind: 'correction'; readonly fingerprint: string }
  | { readonly kind: 'channel'; readonly channel: Channel };

export interface ReceiptFacts {
  readonly registration: EventEnvelope;
  readonly stored: readonly StoredFact[];
  /** What the database has besides; it may be behind. */
  readonly recorded: readonly Fact[];
}

export type ChangeDecision =
  | { readonly kind: 'refused'; readonly code: ErrorCode }
  | { readonly kind: 'done' }
  | {
      readonly kind: 'append';
      readonly type: 'corrected' | 'channel_changed';
      readonly attempt: number;
      /** Sequence of the last fact of that type; 0: none. */
      readonly after: number;
    };

/** Why nothing of the receipt can change any more; undefined: it can. */
export const endedBy = (
  { state }: Pick<Projection, 'state'>,
  facts: readonly Fact[],
): 'ERASED' | 'SUPERSEDED' | 'WITHDRAWN' | undefined => {
  if (state === 'erased') return 'ERASED';
  if (state === 'superseded') return 'SUPERSEDED';
  return facts.some(({ type }) => type === 'withdrawn') ? 'WITHDRAWN' : undefined;
};

const refused = (code: ErrorCode): ChangeDecision => ({ kind: 'refused', code });

/** Facts of journal and database together: their join is the same in any order, and with repeats. */
export const factsOf = ({ registration, stored, recorded }: ReceiptFacts): readonly Fact[] => [
  registration,
  ...stored.map(({ event: { type, attempt = 1, at, data } }): Fact => {
    const channel = type === 'channel_changed' ? { channel: data['channel'] as Channel } : {};
    return { type, attempt, at, ...channel };
  }),
  ...recorded,
];

const highest = (facts: readonly Fact[], type: Fact['type']): number =>
  Math.max(0, ...facts.flatMap((fact) => (fact.type === type ? [fact.attempt ?? 1] : [])));

/** How many changes are left, for citizens. Negative numbers can't be: what is stored was decided here. */
export const changesLeft = (facts: readonly Fact[]): { readonly corrections: number; readonly channels: number } => ({
  corrections: Math.max(0, MOST_CORRECTIONS - highest(facts, 'corrected')),
  channels: Math.max(0, MOST_CHANNEL_CHANGES - highest(facts, 'channel_changed')),
});

const decideCorrection = (fingerprint: string, receipt: ReceiptFacts, state: string): ChangeDecision => {
  const last = receipt.stored.find(({ event }) => event.type === 'corrected');
  const isSame = (last?.event ?? receipt.registration).data['fingerprint'] === fingerprint;
  if (state !== 'rejected' && state !== 'manual_review')
    return isSame && last !== undefined ? { kind: 'done' } : refused('NOT_REJECTED');
  const facts = factsOf(receipt);
  const attempt = Math.max(highest(facts, 'rejected'), highest(facts, 'manual_review'));
  if (attempt > MOST_CORRECTIONS) return refused('NO_CORRECTION_LEFT');
  if (isSame) return refused('UNCHANGED');
  return { kind: 'append', type: 'corrected', attempt, after: last?.sequence ?? 0 };
};

const decideChannel = (channel: Channel, receipt: ReceiptFacts, changed: Channel | undefined): ChangeDecision => {
  const registered = receivedDataOf(receipt.registration);
  if (registered.uniqueness === 'perCitizenAndChannel') return refused('CHANNEL_FIXED');
  if ((changed ?? registered.channel) === channel) return { kind: 'done' };
  const last = receipt.stored.find(({ event }) => event.type === 'channel_changed');
  const attempt = (last?.event.attempt ?? (last === undefined ? 0 : 1)) + 1;
  if (attempt > MOST_CHANNEL_CHANGES) return refused('NO_CHANNEL_CHANGE_LEFT');
  return { kind: 'append', type: 'channel_changed', attempt, after: last?.sequence ?? 0 };
};

const decideAny = (wanted: WantedChange, receipt: ReceiptFacts, { state, channel }: Projection): ChangeDecision =>
  wanted.kind === 'correction'
    ? decideCorrection(wanted.fingerprint, receipt, state)
    : decideChannel(wanted.channel, receipt, channel);

/** @param isLate the list is frozen: a channel changes only where a voucher could not be issued */
export const decideChange = (wanted: WantedChange, receipt: ReceiptFacts, isLate = false): ChangeDecision => {
  const facts = factsOf(receipt);
  const projected = project(facts);
  const ended = endedBy(projected, facts);
  if (ended !== undefined) return refused(ended);
  const decision = decideAny(wanted, receipt, projected);
  return isLate && decision.kind === 'append' && projected.state !== 'issue_failed' ? refused('LIST_FROZEN') : decision;
};
