/**
 * From events to states. Copies may be repeated and arrive in any order and shard, so this is a join, not a state machine: the facts
 * of a receipt are the earliest copy of each (event type, attempt), and its state is that of the highest-ranking fact. The join is
 * commutative, associative and idempotent; property tests permute and duplicate histories.
 *
 * Lowest first: a fact beats all above it. `n` is the attempt; a higher one beats a lower one of the same line.
 *
 * | fact              | state         | why it ranks here                                  | the row                      | the draw                            |
 * |-------------------|---------------|----------------------------------------------------|------------------------------|-------------------------------------|
 * | barrier           | –             | marks a position in a shard, has no receipt        | none                         | the list ends there                 |
 * | bound n           | –             | concerns an account, not the state                 | its account's earliest       | –                                   |
 * | channel_changed n | –             | concerns the channel, not the state                | channel of the highest n     | –                                   |
 * | reviewed n        | –             | a person looked, or decided; the decision is another fact | –                   | –                                   |
 * | received          | received      |                                                    | the person's earliest        | –                                   |
 * | manual_review n   | manual_review | a person must look; any verdict of n ends it       | –                            | out                                 |
 * | rejected n        | rejected      | a verdict on what correction n − 1 left            | –                            | out                                 |
 * | corrected n       | received      | answers either of n: only n + 1 counts now         | fields of the highest n      | out                                 |
 * | verified          | verified      | a correction or a second source proved the person  | –                            | in                                  |
 * | withdrawn         | withdrawn     | the citizen's own will, until the list is frozen   | –                            | out                                 |
 * | merged            | superseded    | another receipt of the same person, until then too | –                            | out                                 |
 * | entered           | entered       | the frozen list: none of the above has effect now  | –                            | in, for good                        |
 * | lost              | lost          |                                                    | –                            | –                                   |
 * | waitlisted        | waitlisted    | better than lost                                   | –                            | waits                               |
 * | won               | won           |                                                    | –                            | wins                                |
 * | promoted          | won           | a waitlisted one whose turn came: it has both      | –                            | takes a fallen one's place          |
 * | issuing n         | issuing       |                                                    | –                            | –                                   |
 * | issue_failed n    | issue_failed  | ends try n; issuing n + 1 is another               | –                            | final: the next moves up            |
 * | issued            | issued        | proof of issue, against any failure report         | –                            | –                                   |
 * | expired           | expired       |                                                    | –                            | –                                   |
 * | redeemed          | redeemed      | the money was used: nothing above undoes it        | –                            | –                                   |
 * | erased            | erased        | beats all: not shown, and nothing is issued        | emptied, its other facts too | out; once frozen, the next moves up |
 *
 * Worked example: rejected 1, corrected 1, rejected 2, corrected 2 and manual_review 3 is manual_review, in any order;
 * issuing 1, issue_failed 1, issuing 2, issue_failed 2 is issue_failed; with issued 1 it is issued.
 */
import { type Channel, EVENT_TYPES, type EventEnvelope, type EventType } from '../../contract/envelope.ts';

/** State of a receipt. */
export type State =
  | Exclude<EventType, 'barrier' | 'bound' | 'channel_changed' | 'corrected' | 'merged' | 'promoted' | 'reviewed'>
  | 'superseded';

/** Rank of a fact: by line, within a line by attempt where it has several, then by step. */
interface Rank {
  readonly state: State;
  readonly line: number;
  /** The line continues from attempt to attempt; in the others attempts are equal. */
  readonly goesOn?: true;
  readonly step?: number;
}

/** Undefined: does not concern the state. */
const RANKS: Readonly<Record<EventType, Rank | undefined>> = {
  barrier: undefined,
  received: { state: 'received', line: 0 },
  bound: undefined,
  channel_changed: undefined,
  reviewed: undefined,
  manual_review: { state: 'manual_review', line: 1, goesOn: true, step: 0 },
  rejected: { state: 'rejected', line: 1, goesOn: true, step: 1 },
  corrected: { state: 'received', line: 1, goesOn: true, step: 2 },
  verified: { state: 'verified', line: 2 },
  withdrawn: { state: 'withdrawn', line: 3 },
  merged: { state: 'superseded', line: 4 },
  entered: { state: 'entered', line: 5 },
  lost: { state: 'lost', line: 6 },
  waitlisted: { state: 'waitlisted', line: 7 },
  won: { state: 'won', line: 8 },
  promoted: { state: 'won', line: 8, step: 1 },
  issuing: { state: 'issuing', line: 9, goesOn: true, step: 0 },
  issue_failed: { state: 'issue_failed', line: 9, goesOn: true, step: 1 },
  issued: { state: 'issued', line: 10 },
  expired: { state: 'expired', line: 11 },
  redeemed: { state: 'redeemed', line: 12 },
  erased: { state: 'erased', line: 13 },
};

export interface Fact {
  readonly type: EventType;
  /** 1 unless stated. */
  readonly attempt?: number;
  readonly at: string;
  readonly channel?: Channel;
}

export interface Projection {
  readonly state: State;
  /** By time, then rank. Without looks of reviewers; of an erased receipt only the erasure. */
  readonly history: readonly { readonly state: EventType; readonly at: string }[];
  /** Changed channel; undefined: as it was registered. */
  readonly channel: Channel | undefined;
}

type Attempted = Pick<EventEnvelope, 'type' | 'attempt'>;

/** Copies with the same key are one fact of their receipt. */
export const factKey = ({ type, attempt = 1 }: Attempted): string => `${type} ${attempt}`;

const NO_RANK: Omit<Rank, 'state'> = { line: -1 };
/** Attempts have four digits at most (contract/envelope-schema.ts), steps are 0, 1 or 2. */
const LINE = 2 ** 18;
const [STEPS, ATTEMPTS] = [4, 2 ** 14];

/**
 * The rank as one whole number: a fact beats all of a lower one. Negative: it does not concern the state. Copies of a fact have the
 * same.
 *
 * Worked example: rejected 2 is line 1, attempt 2, step 1: 262,144 + 2 × 4 + 1; corrected 2 is one above it, verified in line 2 far above.
 */
export const rankOf = ({ type, attempt = 1 }: Attempted): number => {
  const { line, goesOn, step = 0 } = RANKS[type] ?? NO_RANK;
  return line * LINE + (goesOn === true ? attempt * STEPS + step : step * ATTEMPTS + attempt);
};

/** The type of the fact that has this rank; undefined for one that does not concern the state. */
export const typeOfRank = (rank: number): EventType | undefined => {
  const line = Math.floor(rank / LINE);
  const rest = rank - line * LINE;
  return EVENT_TYPES.find((type) => {
    const own = RANKS[type];
    const step = own?.goesOn === true ? rest % STEPS : Math.floor(rest / ATTEMPTS);
    return own?.line === line && (own.step ?? 0) === step;
  });
};

/** The highest-ranking fact of a receipt; without any that concerns its state, `received`. */
export const highestFact = (facts: readonly Attempted[]): EventType =>
  typeOfRank(Math.max(0, ...facts.map(rankOf))) ?? 'received';

/** The order among copies, as far as it matters here. */
const isEarlier = (a: Fact, b: Fact): boolean => (a.at === b.at ? (a.channel ?? '') < (b.channel ?? '') : a.at < b.at);

/** The state of one receipt from its facts (at least one, in any order, repeated or not). */
export const project = (facts: readonly Fact[]): Projection => {
  const earliest = new Map<string, Fact>();
  for (const fact of facts) {
    const known = earliest.get(factKey(fact));
    if (known === undefined || isEarlier(fact, known)) earliest.set(factKey(fact), fact);
  }
  const valid = [...earliest.values()];
  const ranked = valid.toSorted((a, b) => rankOf(a) - rankOf(b) || (factKey(a) < factKey(b) ? -1 : 1));
  const state = ranked.findLast(({ type }) => RANKS[type] !== undefined);
  const changed = valid
    .filter(({ type }) => type === 'channel_changed')
    .reduce<Fact | undefined>((last, one) => ((one.attempt ?? 1) > (last?.attempt ?? 0) ? one : last), undefined);
  const erased = ranked.filter(({ type }) => type === 'erased');
  return {
    state: (state === undefined ? undefined : RANKS[state.type])?.state ?? 'received',
    history: (erased.length > 0 ? erased : ranked.filter(({ type }) => type !== 'reviewed'))
      .toSorted((a, b) => (a.at === b.at ? 0 : a.at < b.at ? -1 : 1))
      .map(({ type, at }) => ({ state: type, at })),
    channel: changed?.channel,
  };
};

/** The order among copies of one fact: earliest, then id, then content, so that ties are broken equally everywhere. */
export const factBeats = (a: EventEnvelope, b: EventEnvelope): boolean => {
  if (a.at !== b.at) return a.at < b.at;
  if (a.id !== b.id) return a.id < b.id;
  return JSON.stringify(a) < JSON.stringify(b);
};
