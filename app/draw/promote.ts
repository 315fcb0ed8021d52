/**
 * The next of the waitlist moves up, for an owner. The Job does it, because only it knows the waitlist: it answers each command by one
 * step of the chain, and then publishes `lost` for everyone who fell and `promoted` for everyone who has moved up, with the time of that
 * step in every copy. `lost` ends the place for good: the intake binds no account to it, and issuance begins no request, whatever
 * `spec.issuance` says later.
 *
 * An owner decides that a winner does not take the voucher, and says why. The Job refuses what would issue two vouchers for one place:
 *
 * | what the journal has of the one who falls     | until bindBy | after it, or nothing is issued |
 * |-----------------------------------------------|--------------|--------------------------------|
 * | it is no winner, or fell before               | declined     | declined                       |
 * | issued, expired, redeemed, also if erased later | declined   | declined                       |
 * | a request to the channel that has no end, also if erased later | declined | declined: it may have been carried out |
 * | erased                                        | moves up     | moves up                       |
 * | the last attempt failed                       | moves up     | moves up                       |
 * | an account that was bound since the last failure, and nothing was sent | declined | declined |
 * | an earlier attempt failed                     | declined: another account can be bound | moves up |
 * | no account                                    | declined     | moves up                       |
 *
 * Whether an account will be used is decided as issuance does (app/issuance/decide.ts). "After bindBy" is judged by the time at which the
 * journal began to be read: what a pod accepted just before is stored by then.
 *
 * Who moves up is the first of the voucher's waitlist that has not. `bindBy` does not apply to that person. If they do not take it either, an
 * owner commands it again, and decides alone when: then the rows about an earlier failure and about no account say that the next one moves up.
 */
import type { Declined, Drawn, Promoted, Recorded } from '../../contract/decisions/draw.ts';
import { type ChainState, isAnswered } from '../../contract/decisions/draw-chain.ts';
import type { DrawOrder, OrderedPromotion } from '../../contract/decisions/draw-order.ts';
import type { EventEnvelope, EventType } from '../../contract/envelope.ts';
import { MOST_ATTEMPTS } from '../../contract/outside/issuance.ts';
import { atMost } from '../../runtime/at-most.ts';
import { decodeMessage } from '../records/decode.ts';
import { type AnnounceDeps, entriesOf, placeFact } from './announce.ts';
import { FrozenJournalError } from './read-frozen.ts';
import type { Winners } from './winners.ts';

/** What is known of a receipt behind an entry. */
export interface Known {
  readonly registration?: EventEnvelope;
  /** In the journal's order. */
  readonly facts: readonly (Pick<EventEnvelope, 'type' | 'attempt' | 'at'> & Partial<Pick<EventEnvelope, 'data'>>)[];
}

const FACTS: readonly EventType[] = [
  'bound',
  'channel_changed',
  'promoted',
  'lost',
  'issuing',
  'issue_failed',
  'issued',
  'expired',
  'redeemed',
  'erased',
];
/** An account that was bound in time may be stored somewhat later. */
const BOUND_WITHIN_MS = 60_000;
const IN_FLIGHT = 32;

const attemptOf = ({ attempt = 1 }: { readonly attempt?: number }): number => attempt;
const lastOf = ({ facts }: Known, type: EventType): number =>
  Math.max(0, ...facts.filter((fact) => fact.type === type).map(attemptOf));

/** Whether issuance will send a request for an account that is bound. */
const isAccountWaiting = ({ facts }: Known): boolean => {
  const isWord = ({ type }: Known['facts'][number]): boolean => type === 'bound' || type === 'channel_changed';
  const at = facts.findLastIndex(isWord);
  const word = facts[at];
  if (word === undefined || at < facts.findLastIndex(({ type }) => type === 'issue_failed')) return false;
  const channel = word.data?.['channel'];
  return facts.some(({ type, data }) => type === 'bound' && data?.['channel'] === channel);
};

/**
 * Why the winner does not fall; undefined: the next one may move up. Pure.
 *
 * @param bindBy as in the order
 * @param hasMovedUp it has its place by a promotion
 */
export const whyNotFallen = (
  known: Known,
  bindBy: DrawOrder['bindBy'],
  nowMs: number,
  hasMovedUp = false,
): string | undefined => {
  const has = (...types: readonly EventType[]): boolean => known.facts.some(({ type }) => types.includes(type));
  if (has('issued', 'expired', 'redeemed')) return 'the voucher was issued';
  const [begun, failed] = [lastOf(known, 'issuing'), lastOf(known, 'issue_failed')];
  if (begun > failed) return 'a request to the channel is under way';
  if (has('erased')) return undefined;
  if (failed >= MOST_ATTEMPTS || bindBy === undefined || bindBy === 'none') return undefined;
  if (isAccountWaiting(known)) return 'an account is bound, so the voucher will be issued';
  if (hasMovedUp) return undefined;
  if (bindBy === 'open')
    return 'an account can be bound until the personal data is destroyed (spec.issuance.bindBy is not stated)';
  return nowMs < Date.parse(bindBy) + BOUND_WITHIN_MS ? `an account can be bound until ${bindBy}` : undefined;
};

export interface PromoteDeps extends AnnounceDeps {
  readonly shards: number;
  readonly now: () => number;
}

const keyOf = (entry: Buffer): string => entry.toString('latin1');
const bytesOf = (hex: string): Buffer => Buffer.from(hex, 'hex');

/** What the whole journal has of these entries, in one pass. */
const lookUp = async (
  { campaignId, citizenKey, replay, shards }: PromoteDeps,
  entries: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Known>> => {
  const entryOf = entriesOf(citizenKey, campaignId);
  const known = new Map<string, { registration?: EventEnvelope; facts: EventEnvelope[] }>();
  for (let shard = 0; shard < shards; shard += 1) {
    for await (const batch of replay.replay(shard, 1, signal)) {
      for (const message of batch) {
        const decoded = decodeMessage(message, campaignId);
        if (decoded.kind !== 'event' || decoded.event.kind !== 'citizen') continue;
        const { event } = decoded;
        if (event.type !== 'received' && !FACTS.includes(event.type)) continue;
        const entry = entryOf(event.receipt);
        const key = entry === undefined ? undefined : keyOf(entry);
        if (key === undefined || !entries.has(key)) continue;
        const one = known.get(key) ?? { facts: [] };
        known.set(key, one);
        if (event.type === 'received') one.registration ??= event;
        else one.facts.push(event);
      }
    }
  }
  return known;
};

/** @param winners those of the result; who was taken does not matter */
export const createPromotions = (deps: PromoteDeps, drawn: Drawn, winners: Winners) => {
  const { campaignId, citizenKey, publish, now } = deps;
  const entryOf = entriesOf(citizenKey, campaignId);
  let known: ReadonlyMap<string, Known> | undefined;
  let lookedAtMs = 0;
  /** Entries that `known` was asked for. */
  let looked: ReadonlySet<string> = new Set();

  const placedOf = (falls: string) => {
    const entry = entryOf(falls) ?? (/^[0-9a-f]+$/.test(falls) ? bytesOf(falls) : undefined);
    return entry === undefined ? undefined : winners.find(Buffer.from(entry));
  };
  const upIn = (state: ChainState, voucher: string): readonly Promoted[] =>
    state.promoted.filter((one) => one.voucher === voucher);
  const nextIn = (state: ChainState, voucher: string): Buffer | undefined =>
    winners.waitlistedAt(voucher, upIn(state, voucher).length + 1);

  /** Everyone who falls or has moved up. One that moves up now is looked up when its fact is due. */
  const wanted = (state: ChainState, promotions: readonly OrderedPromotion[]): ReadonlySet<string> =>
    new Set([
      ...promotions.flatMap(({ falls }) => placedOf(falls)?.entry ?? []).map(keyOf),
      ...state.promoted.flatMap(({ entry, fallen }) => [keyOf(bytesOf(entry)), keyOf(bytesOf(fallen))]),
      ...[...new Set(promotions.flatMap(({ falls }) => placedOf(falls)?.voucher ?? []))].flatMap((voucher) =>
        promotions.flatMap((_, ahead) => {
          const entry = winners.waitlistedAt(voucher, upIn(state, voucher).length + 1 + ahead);
          return entry === undefined ? [] : [keyOf(entry)];
        }),
      ),
    ]);

  const head = () => ({ v: 1 as const, campaignId, at: new Date(now()).toISOString(), attempt: drawn.attempt });

  const answer = (
    state: ChainState,
    { command, falls, by, reason }: OrderedPromotion,
    bindBy: DrawOrder['bindBy'],
    of: ReadonlyMap<string, Known>,
  ): Promoted | Declined => {
    const declined = (why: string): Declined => ({ ...head(), step: 'declined', command, by, why });
    const placed = placedOf(falls);
    if (placed === undefined) return declined('it has no place in the result');
    const { voucher, entry: own, isWinner } = placed;
    const fallen = own.toString('hex');
    const before = upIn(state, voucher);
    const hasMovedUp = before.some(({ entry }) => entry === fallen);
    if (!isWinner && !hasMovedUp) return declined('it is on the waiting list, and has not moved up');
    if (before.some((one) => one.fallen === fallen)) return declined('it was replaced before');
    const why = whyNotFallen(of.get(keyOf(own)) ?? { facts: [] }, bindBy, lookedAtMs, hasMovedUp);
    if (why !== undefined) return declined(why);
    const next = nextIn(state, voucher);
    if (next === undefined) return declined(`everyone on the waiting list of ${voucher} has moved up`);
    return { ...head(), step: 'promoted', command, voucher, fallen, entry: next.toString('hex'), by, reason };
  };

  /** @throws FrozenJournalError where the journal does not have everyone */
  const record = async (state: ChainState, of: ReadonlyMap<string, Known>, signal: AbortSignal): Promise<Recorded> => {
    const inTurn = atMost(IN_FLIGHT);
    const publishAll = (type: 'promoted' | 'lost', entryIn: (step: Promoted) => string): Promise<unknown> =>
      Promise.all(
        state.promoted.map(async (step) => {
          const { registration, facts = [] } = of.get(keyOf(bytesOf(entryIn(step)))) ?? {};
          if (registration === undefined)
            throw new FrozenJournalError('the journal has no registration of a person who moved up or was replaced');
          if (facts.some((fact) => fact.type === type && fact.at === step.at)) return;
          await inTurn(() =>
            publish(placeFact(type, registration, { voucher: step.voucher, draw: drawn.digest }, deps, step), signal),
          );
        }),
      );
    // First, so that a place is never that of two people.
    await publishAll('lost', ({ fallen }) => fallen);
    await publishAll('promoted', ({ entry }) => entry);
    return { ...head(), step: 'recorded', promotions: state.promoted.length };
  };

  return {
    /** The next step to append: the answer to a command, or that all facts are stored. There is one (next-step.ts). */
    async nextStep(
      state: ChainState,
      { promotions = [], bindBy }: Pick<DrawOrder, 'promotions' | 'bindBy'>,
      signal: AbortSignal,
    ): Promise<Promoted | Declined | Recorded> {
      const open = promotions.filter(({ command }) => !isAnswered(state, command));
      const isComplete = known !== undefined && [...wanted(state, open)].every((key) => looked.has(key));
      if (known === undefined || !isComplete) {
        looked = wanted(state, promotions);
        lookedAtMs = now();
        known = await lookUp(deps, looked, signal);
      }
      const [first] = open;
      return first === undefined ? record(state, known, signal) : answer(state, first, bindBy, known);
    },
  };
};
export type Promotions = ReturnType<typeof createPromotions>;
