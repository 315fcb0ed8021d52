/** A registration by its receipt: the state first, then the receipt, then what can be done. And the form that asks for the receipt. */
import type { LiveSettings } from '../../../contract/app-contract.ts';
import { entryOf } from '../../draw/entry.ts';
import type { ReceiptState } from '../../intake/receipt-state.ts';
import type { Context, Page } from '../context.ts';
import { type Html, html, NOTHING } from '../template.ts';
import { changeForms, receiptFields, type Tried, triedSummary } from './changes.ts';
import { EMPTY, errorSummary, type Filled, textField } from './fields.ts';
import { FORM, HELP, RECEIPT } from './layout.ts';
import { receiptCard, type ShownReceipt } from './receipt.ts';

/** What the answer of a form says first. */
export type Notice = 'registered' | 'accountBound' | 'accountNotBound' | 'corrected' | 'channelChanged' | 'withdrawn';

const noticeText = ({ words }: Context, notice: Notice): string => {
  switch (notice) {
    case 'registered':
      return words.receipt.lead;
    case 'accountBound':
      return words.change.accountBound;
    case 'accountNotBound':
      return words.receipt.notBound;
    case 'corrected':
    case 'channelChanged':
    case 'withdrawn':
      return words.change[notice];
  }
};

type StateName = keyof Context['words']['states'];

const stateWords = ({ words: { states } }: Context, state: string): readonly [string, string] =>
  Object.hasOwn(states, state) ? states[state as StateName] : states.other;

const historyName = (context: Context, state: string): string => {
  const { facts } = context.words;
  return Object.hasOwn(facts, state) ? facts[state as keyof typeof facts] : stateWords(context, state)[0];
};

const GOOD = new Set(['verified', 'entered', 'won', 'issuing', 'issued', 'redeemed']);
const TO_DO = new Set(['rejected', 'manual_review', 'issue_failed']);
const toneOf = (state: string): string => {
  if (GOOD.has(state)) return 'good';
  return TO_DO.has(state) ? 'todo' : 'calm';
};

const details = (context: Context, settings: LiveSettings, state: ReceiptState): Html => {
  const { words, writing, language } = context;
  const voucher = settings.vouchers.find(({ name }) => name === state.category)?.title[language];
  const rows: readonly (readonly [string, string | undefined])[] = [
    [words.look.receivedAt, state.receivedAt === undefined ? undefined : writing.time(state.receivedAt)],
    [words.look.category, voucher],
    [words.look.channel, state.channel === undefined ? undefined : writing.channel(state.channel)],
  ];
  return html`<dl>${rows.map(([label, value]) => value !== undefined && html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>`;
};

const history = (context: Context, { history: steps = [] }: ReceiptState): Html => {
  if (steps.length === 0) return NOTHING;
  const { words, writing } = context;
  return html`<h3>${words.look.history}</h3><ol class="history">${steps.map(
    ({ state, at }) => html`<li><strong>${historyName(context, state)}</strong> <span>${writing.time(at)}</span></li>`,
  )}</ol>`;
};

/** Of those who took part: what they look for in the published list. */
const proof = (
  { words, campaignId }: Context,
  settings: LiveSettings,
  { state }: ReceiptState,
  receipt: ShownReceipt,
): Html => {
  const isIn = [
    'entered',
    'won',
    'waitlisted',
    'lost',
    'issuing',
    'issued',
    'issue_failed',
    'redeemed',
    'expired',
  ].includes(state);
  if (!isIn) return NOTHING;
  const entry = entryOf(campaignId, receipt.receiptNo, receipt.secret).toString('hex');
  const own =
    settings.announced === undefined || settings.draw.bundleUrl === undefined
      ? NOTHING
      : html`<p><a href="${`/api/v1/draws/${campaignId}/proof/${entry}`}">${words.proof.own}</a></p>`;
  return html`<section class="card"><h2>${words.proof.title}</h2><p>${words.proof.lead}</p><dl><div><dt>${words.look.entry}</dt><dd class="code small">${entry}</dd></div></dl><p class="hint">${words.look.entryHint}</p>${own}<p><a href="${HELP}">${words.proof.title}</a></p></section>`;
};

const stateCard = (context: Context, settings: LiveSettings, state: ReceiptState, notice: Notice | undefined): Html => {
  const { words, writing, nowMs, language } = context;
  const [title, text] = stateWords(context, state.state);
  const { detail, waiting } = state;
  return html`<section class="card state ${toneOf(state.state)}" aria-labelledby="state"><p class="hint">${words.look.state}</p><h2 id="state">${title}</h2><p>${text}</p>${
    detail === undefined ? NOTHING : html`<p class="strong">${detail[language]}</p>`
  }${waiting === undefined ? NOTHING : html`<p>${words.look.waiting(seconds(context, waiting.atMostSeconds))}</p>`}${details(context, settings, state)}${history(context, state)}<p class="hint">${words.look.asOf(
    writing.time(new Date(nowMs).toISOString()),
  )}</p>${notice === 'registered' ? html`<p><a href="${FORM}" data-another>${words.receipt.another}</a></p>` : NOTHING}</section>`;
};

const seconds = ({ language }: Context, count: number): string => {
  const [value, unit] = count < 90 ? ([count, 'second'] as const) : ([Math.ceil(count / 60), 'minute'] as const);
  return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' }).format(value);
};

export interface ShownStatus {
  readonly state: ReceiptState;
  readonly receipt: ShownReceipt;
  readonly notice?: Notice | undefined;
  readonly tried?: Tried | undefined;
}

export const statusPage = (
  context: Context,
  settings: LiveSettings,
  { state, receipt, notice, tried }: ShownStatus,
): Page => {
  const { words } = context;
  const isNew = notice === 'registered' || notice === 'accountNotBound';
  const title = isNew ? words.receipt.title : words.look.title;
  const card = receiptCard(context, receipt);
  const current = stateCard(context, settings, state, notice);
  const refresh = html`<form method="post" action="${RECEIPT}">${receiptFields(receipt)}<button class="button second">${words.look.refresh}</button></form>`;
  return {
    title,
    hasErrors: tried !== undefined,
    main: html`<h1>${title}</h1>${triedSummary(context, tried)}${
      notice === undefined
        ? NOTHING
        : html`<p class="notice" role="status" tabindex="-1" id="notice">${noticeText(context, notice)}</p>`
    }${isNew ? html`${card}${current}` : html`${current}${refresh}`}${changeForms(context, settings, state, receipt, tried)}${proof(context, settings, state, receipt)}${isNew ? NOTHING : card}<div data-registered="${String(isNew)}"></div>`,
  };
};

/** Number and secret are sent in a form, never in an address. */
export const lookUpPage = (context: Context, filled: Filled = EMPTY): Page => {
  const { words } = context;
  const { receipt, look } = words;
  return {
    title: look.title,
    hasErrors: filled.problem !== undefined || filled.errors.length > 0,
    main: html`<h1>${look.title}</h1>${errorSummary(context, filled)}<p>${look.lead}</p><form method="post" action="${RECEIPT}" novalidate id="look">
${textField(context, filled, { name: 'receiptNo', label: receipt.number, hint: '' })}${textField(context, filled, { name: 'secret', label: receipt.secret, hint: '' })}<button class="button">${look.button}</button></form><section class="card quiet"><h2>${look.forgot}</h2><p>${look.forgotText}</p></section>`,
  };
};
