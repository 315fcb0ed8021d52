/**
 * The draw's Job after the freeze: the list, then every step of the chain that can be taken now. It may be repeated at any time, and run
 * by two at once: each step is appended on the condition that the one before is still the last, and after `sourced` there is one result.
 */
import type { Frozen } from '../../contract/decisions/control.ts';
import { readControlValue } from '../../contract/decisions/control-schema.ts';
import type {
  Announced,
  Committed,
  Drawn,
  DrawStep,
  Result,
  Sourced,
  SourceRule,
  Sources,
  SourceValue,
  VoucherResult,
} from '../../contract/decisions/draw.ts';
import { type ChainState, chainState } from '../../contract/decisions/draw-chain.ts';
import type { DrawOrder } from '../../contract/decisions/draw-order.ts';
import { publicValueHex } from '../../contract/decisions/public-value.ts';
import { type AnnounceDeps, announce } from './announce.ts';
import type { BundleWriter } from './bundle/write.ts';
import { digestOf } from './canonical.ts';
import { type ListDigests, listsOf, orderedCommitment, orderedLists } from './commitment.ts';
import { bytesOf, resultOf, sourcesOf, voucherResult } from './documents.ts';
import { type Drawing, drawVoucher } from './draw.ts';
import { ENTRY_BYTES } from './entry.ts';
import { type ListReport, type MadeList, type MakeListDeps, makeList } from './make-list.ts';
import { nextStep } from './next-step.ts';
import type { Drand, Steps } from './ports.ts';
import { createPromotions, type Promotions } from './promote.ts';
import { createWinners, type Winners } from './winners.ts';

export interface DrawJobDeps extends MakeListDeps, Omit<AnnounceDeps, keyof MakeListDeps> {
  readonly steps: Steps;
  readonly drand: Drand;
  /** Undefined: it makes the list only. */
  readonly order: DrawOrder | undefined;
  /** Undefined: no files are written. */
  readonly bundle?: (() => Promise<BundleWriter>) | undefined;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Waits before a source is asked again. @throws the signal's reason */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly note: (what: string, details: object) => void;
}

/** A round is published every 3 s; a relay has it some seconds later. */
const ASK_AGAIN_MS = 2_000;
/** The journal gives another result than the one that is published. */
export class OtherResultError extends Error {
  override readonly name = 'OtherResultError';
}

const frozenOf = async ({ decisions }: DrawJobDeps, signal: AbortSignal): Promise<Frozen> => {
  const entry = await decisions.read('frozen', signal);
  if (entry === undefined) throw new Error('nothing is frozen yet: the operator starts this Job after the freeze');
  return readControlValue('frozen', entry.value);
};

const headOf = (deps: DrawJobDeps, attempt: number) => ({
  v: 1 as const,
  campaignId: deps.campaignId,
  at: new Date(deps.now()).toISOString(),
  attempt,
});

/** The first commitment: it needs the list. */
const firstCommitment = async (deps: DrawJobDeps, order: DrawOrder, signal: AbortSignal): Promise<Committed> => {
  const lists: ListDigests[] = [];
  const take = ({ voucher, digest, root, entries }: MadeList): void =>
    void lists.push({ voucher, digest, root, n: entries.length / ENTRY_BYTES });
  noteList(deps, await makeList(deps, signal, take));
  const commitment = orderedCommitment(deps.campaignId, orderedLists(lists, order.vouchers), order, deps.drand, {
    attempt: 1,
    nowMs: deps.now(),
  });
  const { authorizedBy } = order;
  return { ...headOf(deps, 1), step: 'committed', commitment, digest: digestOf(commitment), authorizedBy };
};

/** The same draw with later times: the list, the quota and the kinds of sources remain. */
const postponed = (deps: DrawJobDeps, before: Committed): Committed => {
  const { order, campaignId, drand } = deps;
  if (order === undefined) throw new Error('the draw is to be postponed, and this Job was created without its order');
  const attempt = before.attempt + 1;
  const commitment = orderedCommitment(campaignId, listsOf(before.commitment), order, drand, {
    attempt,
    nowMs: deps.now(),
  });
  const { authorizedBy } = before;
  return { ...headOf(deps, attempt), step: 'committed', commitment, digest: digestOf(commitment), authorizedBy };
};

/** Undefined: it has no value yet. */
const sourceValue = async (
  deps: DrawJobDeps,
  state: ChainState,
  rule: SourceRule,
  signal: AbortSignal,
): Promise<SourceValue | undefined> => {
  const { name } = rule;
  if (rule.type === 'Drand') {
    const ordered = deps.order?.sources.find((source) => source.name === name);
    return deps.drand.value(rule, ordered?.type === 'Drand' ? ordered.relays : undefined, signal);
  }
  const entered = state.entered.find((one) => one.name === name);
  if (entered === undefined) return undefined;
  const { value, by } = entered;
  return { name, hex: publicValueHex(value), value, enteredBy: by };
};

/** Asks until every source has its value. Undefined: at postponeAt one has none. */
const sourcedBy = async (
  deps: DrawJobDeps,
  state: ChainState,
  committed: Committed,
  signal: AbortSignal,
): Promise<Sourced | undefined> => {
  const { attempt, commitment } = committed;
  for (;;) {
    const isLast = deps.now() >= Date.parse(commitment.postponeAt);
    const values = await Promise.all(commitment.sources.map((rule) => sourceValue(deps, state, rule, signal)));
    const sources = values.filter((value) => value !== undefined);
    if (sources.length === commitment.sources.length) return { ...headOf(deps, attempt), step: 'sourced', sources };
    if (isLast) return undefined;
    await deps.wait(ASK_AGAIN_MS, signal);
  }
};

interface Computed {
  readonly sources: Sources;
  readonly result: Result;
  readonly winners: Winners;
}

/** @throws OtherResultError where the list is not the committed one */
const compute = async (
  deps: DrawJobDeps,
  committed: Committed,
  sourced: Sourced,
  bundle: BundleWriter | undefined,
  signal: AbortSignal,
): Promise<Computed> => {
  const { commitment } = committed;
  const bytes = bytesOf(sourced.sources);
  const winners = createWinners();
  const drawings = new Map<string, Drawing>();
  const drawOne = async (voucher: string, entries: Buffer): Promise<void> => {
    const rule = commitment.vouchers.find((one) => one.voucher === voucher);
    if (rule === undefined)
      throw new OtherResultError(`the list has entries for ${voucher}, and the commitment has none`);
    const { k, waitlist, listDigest } = rule;
    const drawing = drawVoucher({ entries, k, waitlist, listDigest, sources: bytes });
    drawings.set(voucher, drawing);
    winners.add(voucher, entries, drawing);
    await bundle?.voucher({ voucher, entries, ...drawing });
  };
  const take = async ({ voucher, entries, digest }: MadeList): Promise<void> => {
    const rule = commitment.vouchers.find((one) => one.voucher === voucher);
    if (rule?.listDigest !== digest)
      throw new OtherResultError(`the list of ${voucher} is ${digest}, and the commitment names ${rule?.listDigest}`);
    await drawOne(voucher, entries);
  };
  await makeList(deps, signal, take);
  for (const { voucher, n } of commitment.vouchers) {
    if (drawings.has(voucher)) continue;
    if (n > 0) throw new OtherResultError(`the commitment has ${n} entries for ${voucher}, and the list has none`);
    await drawOne(voucher, Buffer.alloc(0));
  }
  const vouchers = commitment.vouchers.flatMap(({ voucher }): readonly VoucherResult[] => {
    const drawing = drawings.get(voucher);
    return drawing === undefined ? [] : [voucherResult(voucher, drawing)];
  });
  const sources = sourcesOf(commitment, sourced.sources);
  return { sources, result: resultOf(commitment, sources, vouchers), winners };
};

/** @throws Error: an entry that was just stored does not count, so that another try would not either */
const assertCounts = ({ ignored, last }: ChainState, step: DrawStep['step']): void => {
  const why = ignored.find(({ sequence }) => sequence === last)?.why;
  if (why !== undefined)
    throw new Error(`step ${step} was stored and does not count: ${why}. Compare this node's clock with the journal's`);
};

const sum = (of: (result: VoucherResult) => number, { vouchers }: Drawn): number =>
  vouchers.reduce((total, result) => total + of(result), 0);

const noteList = ({ note }: DrawJobDeps, { listed, ...report }: ListReport): void =>
  note('the list is published', { ...report, lists: listed.lists });

/** @throws OtherResultError */
const assertResult = ({ digest: published }: Drawn, { result }: Computed): void => {
  const digest = digestOf(result);
  if (published !== digest)
    throw new OtherResultError(`the published result is ${published}, and the journal gives ${digest}`);
};

/** After the facts and the files of a result are stored. */
const announced = async (
  deps: DrawJobDeps,
  committed: Committed,
  drawn: Drawn,
  { winners, sources, result }: Computed,
  bundle: BundleWriter | undefined,
  signal: AbortSignal,
): Promise<Announced> => {
  const published = await announce(deps, await frozenOf(deps, signal), drawn, winners, signal);
  const [won, waitlisted] = [sum((one) => one.winners, drawn), sum((one) => one.waitlisted, drawn)];
  const files = await bundle?.end({ commitment: committed.commitment, sources, result });
  deps.note('every fact of the result is stored', { published, won, waitlisted, files: files ?? 'none' });
  return { ...headOf(deps, drawn.attempt), step: 'announced', won, waitlisted };
};

/** @throws Error without a freeze, FrozenJournalError, OtherListError, OtherResultError, the signal's reason */
export const runDrawJob = async (deps: DrawJobDeps, signal: AbortSignal): Promise<ChainState> => {
  let bundle: BundleWriter | undefined;
  try {
    return await takeSteps(deps, async () => (bundle ??= await deps.bundle?.()), signal);
  } finally {
    await bundle?.abort();
  }
};

const takeSteps = async (
  deps: DrawJobDeps,
  bundle: () => Promise<BundleWriter | undefined>,
  signal: AbortSignal,
): Promise<ChainState> => {
  const { campaignId, steps, note, order } = deps;
  let computed: Computed | undefined;
  let done: Announced | undefined;
  let promotions: Promotions | undefined;
  let appended: DrawStep['step'] | undefined;
  const append = async (step: DrawStep, { last }: ChainState): Promise<void> => {
    const isStored = await steps.append(step, last, signal);
    appended = isStored ? step.step : undefined;
    note(isStored ? 'step appended' : 'another process appended a step', { step: step.step, attempt: step.attempt });
  };
  for (;;) {
    signal.throwIfAborted();
    const state = chainState(campaignId, await steps.read(signal));
    if (appended !== undefined) assertCounts(state, appended);
    appended = undefined;
    const next = nextStep(state, order, deps.now());
    switch (next.kind) {
      case 'end':
        note('nothing more can be done now', { why: next.why });
        // The list needs no authorisation.
        if (state.committed === undefined) noteList(deps, await makeList(deps, signal));
        return state;
      case 'wait':
        await deps.wait(Math.min(ASK_AGAIN_MS, Math.max(1, next.untilMs - deps.now())), signal);
        break;
      case 'commit':
        if (order !== undefined) await append(await firstCommitment(deps, order, signal), state);
        break;
      case 'postpone':
        await append(postponed(deps, next.committed), state);
        break;
      case 'source': {
        const sourced = await sourcedBy(deps, state, next.committed, signal);
        await append(sourced ?? postponed(deps, next.committed), state);
        break;
      }
      case 'draw': {
        const { committed, sourced, drawn } = next;
        const { attempt } = committed;
        computed ??= await compute(deps, committed, sourced, await bundle(), signal);
        const digest = digestOf(computed.result);
        if (drawn === undefined) {
          const { vouchers } = computed.result;
          await append({ ...headOf(deps, attempt), step: 'drawn', vouchers, digest }, state);
        } else {
          assertResult(drawn, computed);
          // The bundle is put at its place once.
          done ??= await announced(deps, committed, drawn, computed, await bundle(), signal);
          await append(done, state);
        }
        break;
      }
      case 'promote': {
        const { committed, sourced, drawn } = next;
        // No files: a promotion is no part of the bundle.
        computed ??= await compute(deps, committed, sourced, undefined, signal);
        assertResult(drawn, computed);
        promotions ??= createPromotions(deps, drawn, computed.winners);
        await append(await promotions.nextStep(state, order ?? {}, signal), state);
        break;
      }
    }
  }
};
