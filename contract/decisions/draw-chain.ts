/**
 * What the draw's steps come to. All readers ignore the same entries, those that may not follow (the table in draw.ts): times are those
 * at which the journal stored the entry, so that no process's clock decides. Pure.
 *
 * | entry         | is ignored where                                                                              |
 * |---------------|-----------------------------------------------------------------------------------------------|
 * | any           | it is of another campaign                                                                     |
 * | committed n   | n is not the next; it is stored at or after its own notBefore: randomness existed already      |
 * | committed n+1 | … before postponeAt of n; after sourced n; its vouchers or sources differ                      |
 * | entered       | of another attempt; stored before notBefore; the source takes no value, or has one; one person |
 * | sourced       | of another attempt; stored before notBefore; not every source in order; another value than entered |
 * | drawn         | nothing is sourced; there is one; its vouchers differ                                          |
 * | announced     | nothing is drawn; there is one                                                                |
 * | promoted      | nothing is announced; its command has its answer; the entry that falls fell before; the one that moves up did before |
 * | declined      | nothing is announced; its command has its answer                                              |
 * | recorded      | nothing is announced; it counts more than have moved up, or no more than before               |
 */
import type {
  Announced,
  Committed,
  Declined,
  Drawn,
  DrawStep,
  Entered,
  Promoted,
  Recorded,
  Sourced,
  SourceRule,
  VoucherCommitment,
} from './draw.ts';

/** A step as it is stored. */
export interface ChainEntry {
  readonly sequence: number;
  /** By the journal's clock. */
  readonly storedAtMs: number;
  readonly step: DrawStep;
}

/** A commitment that a later one has replaced. */
export interface Earlier {
  readonly committed: Committed;
  /** Sources of public values that two people had not entered. None: a round of drand was missing. */
  readonly missing: readonly string[];
}

export interface ChainState {
  /** The last one that counts. */
  readonly committed?: Committed;
  /** Those before it, the first one first. */
  readonly earlier: readonly Earlier[];
  /** Of that commitment. */
  readonly entered: readonly Entered[];
  readonly sourced?: Sourced;
  readonly drawn?: Drawn;
  readonly announced?: Announced;
  readonly promoted: readonly Promoted[];
  readonly declined: readonly Declined[];
  /** How many of those who moved up have their fact. */
  readonly recorded: number;
  /** Entries that may not follow, and why. */
  readonly ignored: readonly { readonly sequence: number; readonly why: string }[];
  /** Sequence of the last entry, ignored or not: the next one is appended after it. 0: none. */
  readonly last: number;
}

const NOTHING: ChainState = {
  earlier: [],
  entered: [],
  promoted: [],
  declined: [],
  recorded: 0,
  ignored: [],
  last: 0,
};

const sameVouchers = (a: readonly VoucherCommitment[], b: readonly VoucherCommitment[]): boolean =>
  a.length === b.length &&
  a.every((one, index) => {
    const other = b[index];
    return (
      one.voucher === other?.voucher &&
      one.n === other.n &&
      one.k === other.k &&
      one.waitlist === other.waitlist &&
      one.listDigest === other.listDigest &&
      one.merkleRoot === other.merkleRoot
    );
  });

/** All but the round, which is a later one. */
const sameSource = (a: SourceRule, b: SourceRule | undefined): boolean => {
  if (a.name !== b?.name) return false;
  if (a.type === 'Drand') return b.type === 'Drand' && a.chain === b.chain;
  return b.type === 'PublicValue' && a.description === b.description;
};

const sameNames = (a: readonly { readonly voucher: string }[], b: readonly { readonly voucher: string }[]): boolean =>
  a.length === b.length && a.every(({ voucher }, index) => voucher === b[index]?.voucher);

type Judge<S extends DrawStep> = (state: ChainState, step: S, storedAtMs: number) => string | undefined;

const committed: Judge<Committed> = (state, { attempt, commitment }, storedAtMs) => {
  const before = state.committed;
  if (attempt !== (before?.attempt ?? 0) + 1 || commitment.attempt !== attempt)
    return `it is attempt ${attempt}, and the next is ${(before?.attempt ?? 0) + 1}`;
  if (storedAtMs >= Date.parse(commitment.notBefore)) return 'it was stored after its own notBefore';
  if (Date.parse(commitment.postponeAt) <= Date.parse(commitment.notBefore)) return 'postponeAt is not after notBefore';
  if (before === undefined) return undefined;
  if (state.sourced !== undefined) return `attempt ${before.attempt} has its sources`;
  if (storedAtMs < Date.parse(before.commitment.postponeAt))
    return `it was stored before ${before.commitment.postponeAt}`;
  if (!sameVouchers(commitment.vouchers, before.commitment.vouchers)) return 'its vouchers differ from those before';
  const { sources } = commitment;
  const isSame = sources.length === before.commitment.sources.length;
  if (!isSame || !before.commitment.sources.every((source, index) => sameSource(source, sources[index])))
    return 'its sources differ from those before';
  return undefined;
};

/** Of a step that follows a commitment. */
const ofAttempt = (state: ChainState, attempt: number, storedAtMs: number): string | undefined => {
  if (state.committed?.attempt !== attempt) return `attempt ${attempt} is not the last commitment`;
  if (storedAtMs < Date.parse(state.committed.commitment.notBefore)) return 'it was stored before notBefore';
  return state.sourced === undefined ? undefined : 'every source has its value';
};

const entered: Judge<Entered> = (state, { attempt, name, by }, storedAtMs) => {
  const wrong = ofAttempt(state, attempt, storedAtMs);
  if (wrong !== undefined) return wrong;
  const source = state.committed?.commitment.sources.find((one) => one.name === name);
  if (source?.type !== 'PublicValue') return `${name} is no source of public values`;
  if (state.entered.some((one) => one.name === name)) return `${name} has its value`;
  return by[0] === by[1] ? 'one person entered it twice' : undefined;
};

const sourced: Judge<Sourced> = (state, { attempt, sources }, storedAtMs) => {
  const wrong = ofAttempt(state, attempt, storedAtMs);
  if (wrong !== undefined) return wrong;
  const rules = state.committed?.commitment.sources ?? [];
  if (rules.length !== sources.length || rules.some(({ name }, index) => name !== sources[index]?.name))
    return 'its sources are not those of the commitment, in their order';
  const other = rules.find(({ name, type }, index) => {
    if (type !== 'PublicValue') return false;
    const value = state.entered.find((one) => one.name === name)?.value;
    return value === undefined || value !== sources[index]?.value;
  });
  return other === undefined ? undefined : `its value of ${other.name} is not the one that two people entered`;
};

const drawn: Judge<Drawn> = (state, { attempt, vouchers }) => {
  if (state.sourced?.attempt !== attempt) return 'the sources have no values yet';
  if (state.drawn !== undefined) return 'there is a result';
  return sameNames(vouchers, state.committed?.commitment.vouchers ?? [])
    ? undefined
    : 'its vouchers are not those of the commitment';
};

const announced: Judge<Announced> = (state, { attempt }) => {
  if (state.drawn?.attempt !== attempt) return 'there is no result yet';
  return state.announced === undefined ? undefined : 'the result is announced';
};

/** Of a step that follows the announcement. */
const afterAnnounced = ({ announced: done }: ChainState, attempt: number): string | undefined =>
  done?.attempt === attempt ? undefined : 'the result is not announced yet';

/** Whether the chain has the answer to a command. */
export const isAnswered = ({ promoted: up, declined: refused }: ChainState, command: string): boolean =>
  [...up, ...refused].some((one) => one.command === command);

const answering = (state: ChainState, { attempt, command }: Promoted | Declined): string | undefined =>
  afterAnnounced(state, attempt) ?? (isAnswered(state, command) ? 'its command has its answer' : undefined);

const recorded: Judge<Recorded> = (state, { attempt, promotions }) => {
  const wrong = afterAnnounced(state, attempt);
  if (wrong !== undefined) return wrong;
  if (promotions > state.promoted.length) return `${state.promoted.length} have moved up, and it counts ${promotions}`;
  return promotions > state.recorded ? undefined : `${state.recorded} are recorded already`;
};

const promoted: Judge<Promoted> = (state, step) => {
  const { fallen, entry, voucher } = step;
  const wrong = answering(state, step);
  if (wrong !== undefined) return wrong;
  const before = state.promoted.filter((one) => one.voucher === voucher);
  if (before.some((one) => one.fallen === fallen)) return 'that entry fell before';
  return before.some((one) => one.entry === entry) || fallen === entry ? 'that entry moved up before' : undefined;
};

const whyNot = (state: ChainState, step: DrawStep, storedAtMs: number): string | undefined => {
  switch (step.step) {
    case 'committed':
      return committed(state, step, storedAtMs);
    case 'entered':
      return entered(state, step, storedAtMs);
    case 'sourced':
      return sourced(state, step, storedAtMs);
    case 'drawn':
      return drawn(state, step, storedAtMs);
    case 'announced':
      return announced(state, step, storedAtMs);
    case 'promoted':
      return promoted(state, step, storedAtMs);
    case 'declined':
      return answering(state, step);
    case 'recorded':
      return recorded(state, step, storedAtMs);
  }
};

const withStep = (state: ChainState, step: DrawStep): ChainState => {
  switch (step.step) {
    case 'committed': {
      const { committed: before, earlier } = state;
      const replaced = before === undefined ? [] : [{ committed: before, missing: missingValues(state) }];
      return { ...state, committed: step, earlier: [...earlier, ...replaced], entered: [] };
    }
    case 'entered':
      return { ...state, entered: [...state.entered, step] };
    case 'sourced':
      return { ...state, sourced: step };
    case 'drawn':
      return { ...state, drawn: step };
    case 'announced':
      return { ...state, announced: step };
    case 'promoted':
      return { ...state, promoted: [...state.promoted, step] };
    case 'declined':
      return { ...state, declined: [...state.declined, step] };
    case 'recorded':
      return { ...state, recorded: step.promotions };
  }
};

/** @param entries in the order in which they are stored, from the first one on */
export const chainState = (campaignId: string, entries: readonly ChainEntry[]): ChainState => {
  let state = NOTHING;
  const ignored: ChainState['ignored'][number][] = [];
  for (const { sequence, storedAtMs, step } of entries) {
    const why =
      step.campaignId === campaignId ? whyNot(state, step, storedAtMs) : `it is of campaign ${step.campaignId}`;
    if (why === undefined) state = withStep(state, step);
    else ignored.push({ sequence, why });
    state = { ...state, last: sequence };
  }
  return { ...state, ignored };
};

/** Of the commitment: sources of public values that have none yet. */
export const missingValues = ({ committed: commitment, entered: values }: ChainState): readonly string[] =>
  (commitment?.commitment.sources ?? [])
    .filter(({ name, type }) => type === 'PublicValue' && !values.some((value) => value.name === name))
    .map(({ name }) => name);
