/** GET /api/v1/registrations/{receiptNo}: what a receipt has come to, told only to whoever has its secret. */

import type { LiveSettings, LocalizedText } from '../../contract/app-contract.ts';
import type { LiveSettingsSource } from '../../journal/publishing.ts';
import { normalReceipt } from '../core/normal-form.ts';
import { project } from '../core/projection.ts';
import { isReceiptNo, verifyReceiptSecret } from '../core/receipt.ts';
import type { SecretKey } from '../core/secret-key.ts';
import { ApiError } from './errors.ts';
import type { ReceiptStore } from './ports.ts';

export interface ReceiptStateDeps {
  readonly campaignId: string;
  readonly citizenKey: SecretKey;
  readonly receipts: ReceiptStore;
  readonly settings: LiveSettingsSource;
  readonly now: () => number;
}

export interface ReceiptState {
  readonly receiptNo: string;
  readonly state: string;
  /** Whether the database was asked and knew it. A receipt that proves itself is `received` without. */
  readonly confirmed: boolean;
  /**
   * Not confirmed: whether the database works on, and will have it, or takes or answers nothing now. The registration is
   * safe in the journal either way, and `detail` says so.
   */
  readonly database?: 'behind' | 'unavailable';
  readonly detail?: LocalizedText;
  /** The database works on, and is behind: how long the oldest that it does not have has waited, and as of when. */
  readonly waiting?: { readonly atMostSeconds: number; readonly asOf: string };
  readonly receivedAt?: string;
  readonly channel?: string;
  readonly category?: string;
  readonly history?: readonly { readonly state: string; readonly at: string }[];
}

/** What the operator said is renewed every 10 s: what is older may be over, or worse, and nothing is told. */
const TOLD_FOR_MS = 60_000;

const BEHIND: LocalizedText = {
  'zh-CN': '登记已受理并安全保存，详细信息稍后可查',
  en: 'Your registration is accepted and safe. Its details will be here later.',
};
const UNAVAILABLE: LocalizedText = {
  'zh-CN': '登记已受理并安全保存。查询详情的数据库暂时不可用，恢复后即可查询，无需重新登记',
  en: 'Your registration is accepted and safe. The database with its details is not available now; look again later, and do not register again.',
};

/**
 * | this look-up      | the operator, within a minute | database    | waiting |
 * |-------------------|-------------------------------|-------------|---------|
 * | unavailable       | any                           | unavailable | – : how long is unknown |
 * | absent, not asked | takes nothing now             | unavailable | – |
 * | absent, not asked | behind                        | behind      | as told |
 * | absent            | nothing                       | behind      | – |
 * | not asked         | nothing                       | –           | – |
 */
const unconfirmedBy = (
  lookup: 'absent' | 'unavailable' | 'not_asked',
  settings: LiveSettings | undefined,
  nowMs: number,
): Pick<ReceiptState, 'database' | 'detail' | 'waiting'> => {
  const told = settings?.behind;
  const behind = told === undefined || nowMs - Date.parse(told.asOf) > TOLD_FOR_MS ? undefined : told;
  if (lookup === 'unavailable' || behind?.isStopped === true) return { database: 'unavailable', detail: UNAVAILABLE };
  if (behind === undefined) return lookup === 'absent' ? { database: 'behind', detail: BEHIND } : {};
  const { atMostSeconds, asOf } = behind;
  return { database: 'behind', detail: BEHIND, waiting: { atMostSeconds, asOf } };
};

/** Room for dashes and spaces between groups. */
const MAX_SENT = 64;
/** As it was given out, however it is typed: a receipt is read out over the phone and copied by hand. */
const asGiven = (sent: string): string => (sent.length > MAX_SENT ? '' : normalReceipt(sent));

/**
 * | secret | database | answer |
 * |--------|----------|--------|
 * | wrong, absent, or no such number | not asked | 404, one and the same |
 * | right | found       | its state and history |
 * | right | found, erased | that it is erased, and since when |
 * | right | superseded, or merged | superseded, and nothing of the other receipt |
 * | right | absent yet, or away | received, not confirmed; which of both, in words |
 * | right | not asked: a contingency level pauses registration | received, not confirmed |
 */
export const receiptState = async (
  deps: ReceiptStateDeps,
  sentReceiptNo: string,
  sentSecret: string,
  signal: AbortSignal,
): Promise<ReceiptState> => {
  const receiptNo = asGiven(sentReceiptNo);
  const secret = asGiven(sentSecret);
  const isTrue = isReceiptNo(receiptNo) && verifyReceiptSecret(deps.citizenKey, deps.campaignId, receiptNo, secret);
  if (!isTrue) throw new ApiError('RECEIPT_UNKNOWN');
  const settings = deps.settings.current();
  const unconfirmed = (lookup: 'absent' | 'unavailable' | 'not_asked'): ReceiptState => ({
    receiptNo,
    state: 'received',
    confirmed: false,
    ...unconfirmedBy(lookup, settings, deps.now()),
  });
  if (settings?.page !== undefined) return unconfirmed('not_asked');
  const found = await deps.receipts.find(receiptNo, signal);
  switch (found.kind) {
    case 'found': {
      const { state, history, channel } = project(found.facts);
      const { receivedAt, category } = found;
      if (state === 'erased') return { receiptNo, state, confirmed: true, history };
      if (state === 'superseded') return { receiptNo, state, confirmed: true, receivedAt };
      return {
        receiptNo,
        state,
        confirmed: true,
        receivedAt,
        channel: channel ?? found.channel,
        category,
        history,
      };
    }
    case 'superseded':
      return { receiptNo, state: 'superseded', confirmed: true, receivedAt: found.receivedAt };
    case 'absent':
    case 'unavailable':
      return unconfirmed(found.kind);
  }
};
