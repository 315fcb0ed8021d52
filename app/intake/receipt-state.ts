/** GET /api/v1/registrations/{receiptNo}: the state of a receipt, for requests with its secret. */

import type { LiveSettings, LocalizedText } from '../../contract/app-contract.ts';
import type { FrozenExclusion } from '../../contract/decisions/exclusion.ts';
import { defined } from '../../contract/defined.ts';
import { receivedDataOf } from '../../contract/envelope-schema.ts';
import type { LiveSettingsSource, ReceiptJournal } from '../../journal/publishing.ts';
import type { DrawnReceipts } from '../../journal/receipts/drawn-receipt.ts';
import { atMost } from '../../runtime/at-most.ts';
import { systemClock } from '../../runtime/clock.ts';
import { within } from '../../runtime/deadline.ts';
import { normalReceipt } from '../core/normal-form.ts';
import { type Fact, project } from '../core/projection.ts';
import { isReceiptNo, verifyReceiptSecret } from '../core/receipt.ts';
import type { SecretKey } from '../core/secret-key.ts';
import { shownState } from '../core/shown-state.ts';
import { ApiError } from '../http/errors.ts';
import { changesLeft } from './change-rules.ts';
import { issuanceText } from './issuance-text.ts';
import { type AnnouncedDraw, hasLost, mayHaveLost } from './lost.ts';
import type { ReceiptLookup, ReceiptStore } from './ports.ts';

export interface ReceiptStateDeps {
  readonly campaignId: string;
  readonly citizenKey: SecretKey;
  /** All keys of the campaign are destroyed: no secret can be compared any more. */
  readonly areKeysDestroyed: () => boolean;
  readonly receipts: ReceiptStore;
  readonly receiptJournal: Pick<ReceiptJournal, 'findRegistration'>;
  /** Absent: no receipt is shown as lost. */
  readonly drawnReceipts?: DrawnReceipts;
  /** Whether a person is in a list of earlier winners. Absent: no receipt is shown as excluded. */
  readonly excludedLists?: {
    has(list: FrozenExclusion, citizenHash: string, signal: AbortSignal): Promise<boolean>;
  };
  readonly settings: LiveSettingsSource;
  readonly now: () => number;
}

/** What can still be changed, for citizens. */
export interface ShownChanges {
  /** Until when, by server time. */
  readonly editableUntil: string;
  readonly correctionsLeft: number;
  readonly channelChangesLeft: number;
}

/** The later of both: a contingency level may have moved the closing past `verifyBy`. The freeze goes by the same (operator/freeze). */
export const editableUntil = ({ draw: { verifyBy }, window: { closesAt } }: LiveSettings): string =>
  verifyBy !== undefined && Date.parse(verifyBy) > Date.parse(closesAt) ? verifyBy : closesAt;

export const changesShown = (facts: readonly Fact[], settings: LiveSettings): ShownChanges => {
  const { corrections, channels } = changesLeft(facts);
  return {
    editableUntil: editableUntil(settings),
    correctionsLeft: corrections,
    channelChangesLeft: settings.eligibility.uniqueness === 'perCitizenAndChannel' ? 0 : channels,
  };
};

export interface ReceiptState extends Partial<ShownChanges> {
  readonly receiptNo: string;
  readonly state: string;
  /** Whether the database has it. Without, a receipt that proves itself is `received`. */
  readonly confirmed: boolean;
  /**
   * Why it is not confirmed: the database is behind, or unavailable. The registration is safe in the journal in both cases, and
   * `detail` says so. Of a winner, `detail` says what to do (issuance-text.ts).
   */
  readonly database?: 'behind' | 'unavailable';
  readonly detail?: LocalizedText;
  /** Behind: how long the oldest registration that the database does not have has waited, and when that was measured. */
  readonly waiting?: { readonly atMostSeconds: number; readonly asOf: string };
  readonly receivedAt?: string;
  /** Of a superseded receipt they are left out, and while the journal does not answer, where the database lacks them. */
  readonly channel?: string;
  readonly category?: string;
  readonly history?: readonly { readonly state: string; readonly at: string }[];
}

/** The operator renews its measurement every 10 s; an older one is not used. */
const VALID_FOR_MS = 60_000;

const BEHIND: LocalizedText = {
  'zh-CN': '登记已受理并安全保存，详细信息稍后可查',
  en: 'Your registration is accepted and safe. Its details will be shown here later.',
};
const UNAVAILABLE: LocalizedText = {
  'zh-CN': '登记已受理并安全保存。查询详情的数据库暂时不可用，恢复后即可查询，无需重新登记',
  en: 'Your registration is accepted and safe. The database with its details is not available now; check again later, and do not register again.',
};

/**
 * | this look-up      | operator, in the last minute  | database    | waiting |
 * |-------------------|-------------------------------|-------------|---------|
 * | unavailable       | any                           | unavailable | –, because it is unknown |
 * | absent, not asked | stopped                       | unavailable | – |
 * | absent, not asked | behind                        | behind      | as measured |
 * | absent            | nothing                       | behind      | – |
 * | not asked         | nothing                       | –           | – |
 */
const unconfirmedBy = (
  lookup: 'absent' | 'unavailable' | 'not_asked',
  settings: LiveSettings | undefined,
  nowMs: number,
): Pick<ReceiptState, 'database' | 'detail' | 'waiting'> => {
  const measured = settings?.behind;
  const isValid = measured !== undefined && nowMs - Date.parse(measured.asOf) <= VALID_FOR_MS;
  const behind = isValid ? measured : undefined;
  if (lookup === 'unavailable' || behind?.isStopped === true) return { database: 'unavailable', detail: UNAVAILABLE };
  if (behind === undefined) return lookup === 'absent' ? { database: 'behind', detail: BEHIND } : {};
  const { atMostSeconds, asOf } = behind;
  return { database: 'behind', detail: BEHIND, waiting: { atMostSeconds, asOf } };
};

/** Room for dashes and spaces between groups. */
const MAX_SENT = 64;
/** In the form in which it was issued: a receipt is read out on the phone and copied by hand. */
const asIssued = (sent: string): string => (sent.length > MAX_SENT ? '' : normalReceipt(sent));

/**
 * The receipt number that the secret proves, in the form in which it was issued.
 * @throws ApiError RECEIPT_UNKNOWN, one and the same for a wrong secret and a number that does not exist; PERSONAL_DATA_DESTROYED
 */
export const provenReceipt = (
  {
    campaignId,
    citizenKey,
    areKeysDestroyed,
  }: Pick<ReceiptStateDeps, 'campaignId' | 'citizenKey' | 'areKeysDestroyed'>,
  sentReceiptNo: string,
  sentSecret: string,
): string => {
  if (areKeysDestroyed()) throw new ApiError('PERSONAL_DATA_DESTROYED');
  const receiptNo = asIssued(sentReceiptNo);
  const secret = asIssued(sentSecret);
  const isTrue = isReceiptNo(receiptNo) && verifyReceiptSecret(citizenKey, campaignId, receiptNo, secret);
  if (!isTrue) throw new ApiError('RECEIPT_UNKNOWN');
  return receiptNo;
};

/** Each asks the journal six questions with three shards; changes ask it too (change.ts). */
const MOST_UNDER_WAY = 4;
/** As the database; changes of many citizens may be in line before it. */
const ANSWER_WITHIN_MS = 1_000;

type FoundReceipt = Extract<ReceiptLookup, { kind: 'found' }>;

/**
 * Channel and voucher of a receipt, which the database has of a person's earliest receipt only. Of the others, the journal has them;
 * while many ask, or it does not answer, they are left out.
 */
const createRegisteredLookup = ({ receiptJournal }: ReceiptStateDeps) => {
  let underWay = 0;
  return async (receiptNo: string, signal: AbortSignal): Promise<FoundReceipt['registered']> => {
    if (underWay >= MOST_UNDER_WAY) return undefined;
    underWay += 1;
    const asked = receiptJournal.findRegistration(receiptNo).finally(() => {
      underWay -= 1;
    });
    const found = await within(systemClock, ANSWER_WITHIN_MS, signal, () => asked).catch(() => undefined);
    return found === undefined ? undefined : receivedDataOf(found);
  };
};

/** After the draw nearly everyone asks once. Each look-up asks the journal some 18 questions, which take some milliseconds together. */
const MOST_LOST_AT_ONCE = 4;
/** More would not have their turn within a second. */
const MOST_LOST_IN_LINE = 200;

/** Of a person who won in an earlier campaign. */
const EXCLUDED: LocalizedText = {
  'zh-CN': '您在往期活动中已中签，按规则不参加本次摇号',
  en: 'You won in an earlier campaign, so by the rules you take no part in this draw.',
};

/** Undefined also where it is unknown: then the receipt keeps the state that its own facts give. */
const createLostLookup = ({ drawnReceipts, excludedLists }: ReceiptStateDeps) => {
  const inTurn = atMost(MOST_LOST_AT_ONCE);
  let inLine = 0;
  const outcome = async (
    of: DrawnReceipts,
    receiptNo: string,
    draw: AnnouncedDraw,
    signal: AbortSignal,
  ): Promise<'lost' | 'excluded' | undefined> => {
    const found = await of.find(receiptNo);
    if (found === undefined || !hasLost(found, draw)) return undefined;
    for (const list of draw.excluded ?? [])
      if (await excludedLists?.has(list, found.citizenHash, signal)) return 'excluded';
    return 'lost';
  };
  return async (receiptNo: string, draw: AnnouncedDraw, signal: AbortSignal) => {
    if (drawnReceipts === undefined || inLine >= MOST_LOST_IN_LINE) return undefined;
    inLine += 1;
    return within(systemClock, ANSWER_WITHIN_MS, signal, (inner) =>
      // An answer that came too late is not asked for any more.
      inTurn(async () => (inner.aborted ? undefined : outcome(drawnReceipts, receiptNo, draw, inner))).finally(() => {
        inLine -= 1;
      }),
    ).catch(() => undefined);
  };
};

/**
 * | secret | database | answer |
 * |--------|----------|--------|
 * | any: the campaign's keys are destroyed | not asked | 410 |
 * | wrong, absent, or no such number | not asked | 404, one and the same |
 * | right | found       | its state and history |
 * | right | found, erased | erased, and since when |
 * | right | found, and another one counts (core/shown-state.ts) | superseded, its own history, and nothing about the other receipt |
 * | right | found, merged | superseded, and nothing else |
 * | right | found, received or verified, and the draw is announced | lost, where that is certain (lost.ts); excluded, if the person won in an earlier campaign |
 * | right | absent, or unavailable | received, not confirmed, and the reason in words |
 * | right | not asked: a contingency level pauses registration | received, not confirmed |
 */
export const createReceiptState = (deps: ReceiptStateDeps) => {
  const registeredOf = createRegisteredLookup(deps);
  const lostOf = createLostLookup(deps);

  const shown = async (
    receiptNo: string,
    { facts, receivedAt, others, registered }: FoundReceipt,
    settings: LiveSettings | undefined,
    signal: AbortSignal,
  ): Promise<ReceiptState> => {
    const { state: own, history, channel } = project(facts);
    const confirmed = true;
    if (own === 'erased') return { receiptNo, state: own, confirmed, history };
    if (own === 'superseded') return { receiptNo, state: own, confirmed, receivedAt };
    // Nothing follows a withdrawal.
    const changes = settings === undefined || own === 'withdrawn' ? {} : changesShown(facts, settings);
    const counting = shownState({ acceptedAt: receivedAt, receipt: receiptNo }, facts, others);
    const draw = settings?.announced;
    const lost = draw !== undefined && mayHaveLost(counting) ? await lostOf(receiptNo, draw, signal) : undefined;
    const state = lost ?? counting;
    const detail = state === 'excluded' ? EXCLUDED : issuanceText(state, facts, settings, deps.now());
    const answer = { receiptNo, state, confirmed, receivedAt, history, ...changes, ...defined({ detail }) };
    if (state === 'superseded') return answer;
    const details = registered ?? (await registeredOf(receiptNo, signal));
    return {
      ...answer,
      ...(details === undefined ? {} : { channel: details.channel, category: details.category }),
      ...(channel === undefined ? {} : { channel }),
    };
  };

  /** @throws ApiError RECEIPT_UNKNOWN */
  return async (sentReceiptNo: string, sentSecret: string, signal: AbortSignal): Promise<ReceiptState> => {
    const receiptNo = provenReceipt(deps, sentReceiptNo, sentSecret);
    const settings = deps.settings.current();
    const unconfirmed = (lookup: 'absent' | 'unavailable' | 'not_asked'): ReceiptState => ({
      receiptNo,
      state: 'received',
      confirmed: false,
      ...(settings === undefined ? {} : { editableUntil: editableUntil(settings) }),
      ...unconfirmedBy(lookup, settings, deps.now()),
    });
    if (settings?.page !== undefined) return unconfirmed('not_asked');
    const found = await deps.receipts.find(receiptNo, signal);
    return found.kind === 'found' ? shown(receiptNo, found, settings, signal) : unconfirmed(found.kind);
  };
};
