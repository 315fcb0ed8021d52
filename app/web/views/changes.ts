/** What a citizen can still change, each as a form of its own below the state. */
import type { LiveSettings } from '../../../contract/app-contract.ts';
import type { ReceiptState } from '../../intake/receipt-state.ts';
import { bindableUntilMs } from '../../intake/sections.ts';
import { loginsOffered } from '../../login/section.ts';
import type { Context } from '../context.ts';
import { type Html, html, NOTHING } from '../template.ts';
import { checkField, EMPTY, errorSummary, type Filled } from './fields.ts';
import { channelField, personalFields } from './form.ts';
import { RECEIPT } from './layout.ts';
import type { ShownReceipt } from './receipt.ts';

/** The forms of a receipt, by the last part of their path. */
export const CHANGES = ['correction', 'channel', 'account', 'withdrawal'] as const;
export type Change = (typeof CHANGES)[number];

export const changePath = (change: Change): string => `${RECEIPT}/${change}`;

export const receiptFields = ({ receiptNo, secret }: Pick<ShownReceipt, 'receiptNo' | 'secret'>): Html =>
  html`<input type="hidden" name="receiptNo" value="${receiptNo}"><input type="hidden" name="secret" value="${secret}">`;

/** Of the form that was answered with errors. */
export interface Tried {
  readonly change: Change;
  readonly filled: Filled;
}

const CORRECTABLE = new Set(['rejected', 'manual_review']);
/** Without an account no voucher can be issued. */
const URGENT = new Set(['won', 'issue_failed']);
const OVER = new Set(['withdrawn', 'erased', 'superseded', 'issued', 'redeemed', 'expired', 'lost']);
const BINDABLE = new Set([
  'received',
  'verified',
  'manual_review',
  'rejected',
  'entered',
  'waitlisted',
  'won',
  'issue_failed',
]);

/**
 * | state | correction | channel | account | withdrawal |
 * |-------|------------|---------|---------|------------|
 * | rejected, manual_review, in time   | while any is left | while any is left | if the channel has a login | yes |
 * | received, verified, in time        | –  | while any is left | if the channel has a login | yes |
 * | entered, waitlisted, won           | –  | –  | if the channel has a login | – |
 * | issue_failed                       | –  | while any is left | if the channel has a login | – |
 * | withdrawn, erased, superseded, issued and later, lost | – | – | – | – |
 *
 * This only chooses what is offered: the intake decides (change-rules.ts, binding-rules.ts).
 */
export const offered = (state: ReceiptState, settings: LiveSettings, nowMs: number): readonly Change[] => {
  if (OVER.has(state.state)) return [];
  const isInTime = state.editableUntil !== undefined && nowMs < Date.parse(state.editableUntil);
  const isFailed = state.state === 'issue_failed';
  // For those who moved up there is no such time (app/intake/sections.ts).
  const isPromoted = state.history?.some((step) => step.state === 'promoted') ?? false;
  const bindable = isPromoted ? Number.POSITIVE_INFINITY : bindableUntilMs(settings);
  const logins = loginsOffered(settings.sections).some(({ channel }) => channel !== undefined);
  const can: Readonly<Record<Change, boolean>> = {
    correction: isInTime && CORRECTABLE.has(state.state) && (state.correctionsLeft ?? 0) > 0,
    channel: (isInTime || isFailed) && (state.channelChangesLeft ?? 0) > 0,
    account: logins && bindable !== undefined && nowMs < bindable && BINDABLE.has(state.state),
    withdrawal: isInTime && !isFailed,
  };
  return CHANGES.filter((change) => can[change]);
};

export const changeForms = (
  context: Context,
  settings: LiveSettings,
  state: ReceiptState,
  receipt: ShownReceipt,
  tried: Tried | undefined,
): Html => {
  const { words, writing } = context;
  const { change: its } = words;
  const filledOf = (change: Change): Filled => (tried?.change === change ? tried.filled : EMPTY);
  const isUrgent = (change: Change): boolean =>
    (change === 'account' && URGENT.has(state.state)) || (change === 'correction' && state.state === 'rejected');
  const box = (change: Change, title: string, body: Html): Html =>
    tried?.change === change || isUrgent(change)
      ? html`<details class="card" open><summary><h3>${title}</h3></summary>${body}</details>`
      : html`<details class="card"><summary><h3>${title}</h3></summary>${body}</details>`;
  const form = (change: Change, body: Html, button: string, kind: string): Html =>
    html`<form method="post" action="${changePath(change)}" novalidate>${receiptFields(receipt)}${body}<button class="button ${kind}">${button}</button></form>`;
  const boxOf = (change: Change): Html => {
    const filled = filledOf(change);
    switch (change) {
      case 'correction':
        return box(
          change,
          its.correct,
          form(
            change,
            html`<p>${its.correctText} ${its.left(writing.number(state.correctionsLeft ?? 0))}</p><input type="hidden" name="idType" value="CN_ID">${personalFields(context, filled, 'correction-')}`,
            its.correctButton,
            'second',
          ),
        );
      case 'channel': {
        const now = { ...filled, values: { channel: state.channel ?? '', ...filled.values } };
        return box(
          change,
          its.channel,
          form(
            change,
            html`<p>${its.channelLeft(writing.number(state.channelChangesLeft ?? 0))}</p>${channelField(context, settings, now, 'channel-')}`,
            its.channelButton,
            'second',
          ),
        );
      }
      case 'withdrawal':
        return box(
          change,
          its.withdraw,
          form(
            change,
            html`<p>${its.withdrawText}</p>${checkField(context, filled, { name: 'confirm', label: its.withdrawConfirm, prefix: 'withdrawal-' })}`,
            its.withdrawButton,
            'danger',
          ),
        );
      case 'account':
        return box(change, its.account, accountBox(context, settings, state, receipt));
    }
  };
  const open = offered(state, settings, context.nowMs);
  if (open.length === 0) return NOTHING;
  const until = state.editableUntil;
  return html`<section><h2>${its.title}</h2>${
    until === undefined
      ? NOTHING
      : html`<p>${context.nowMs < Date.parse(until) ? its.until(writing.time(until)) : its.over}</p>`
  }${open.map(boxOf)}</section>`;
};

/** The state's channel, or all of them where it is not known. */
const accountBox = (
  { words, writing }: Context,
  settings: LiveSettings,
  { channel, state }: ReceiptState,
  receipt: ShownReceipt,
): Html => {
  const logins = loginsOffered(settings.sections).filter(({ channel: its }) => its !== undefined);
  const fitting = logins.filter(({ channel: its }) => channel === undefined || its === channel);
  return html`<p>${words.change.accountText}</p><noscript><p class="hint">${words.login.needsScript}</p></noscript>${(
    fitting.length > 0 ? fitting : logins
  ).map(
    ({ url, channel: its = '' }) =>
      html`<p><a class="button ${URGENT.has(state) ? '' : 'second'}" href="${url}" data-login="account" hidden>${words.login.channelButton(writing.channel(its))}</a></p>`,
  )}<form method="post" action="${changePath('account')}" id="to-account" hidden>${receiptFields(receipt)}<input type="hidden" name="assertion"><input type="hidden" name="nonce"></form>`;
};

/** In front of the page, where a form was answered with errors. */
export const triedSummary = (context: Context, tried: Tried | undefined): Html =>
  tried === undefined ? NOTHING : errorSummary(context, tried.filled, `${tried.change}-`);
