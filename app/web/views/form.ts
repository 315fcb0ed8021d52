/** The form of a registration, with the place in the queue above it. */
import type { LiveSettings } from '../../../contract/app-contract.ts';
import { privacyShown } from '../../intake/privacy-text.ts';
import { offeredChannels } from '../../intake/sections.ts';
import { loginsOffered } from '../../login/section.ts';
import type { Context, Page } from '../context.ts';
import { otherOriginsOf } from '../other-origins.ts';
import { type Html, html, NOTHING } from '../template.ts';
import { checkField, choiceField, EMPTY, errorSummary, type Filled, textField } from './fields.ts';
import { FORM, HELP, RECEIPT } from './layout.ts';
import { preQueueAtMs } from './start.ts';

/** Of the words above the box that citizens tick. It changes with them. */
export const CONSENT_VERSION = '2026-12-01';

/** A place in the queue, for pages without JavaScript. */
export interface Place {
  readonly position?: number;
  readonly retryAfterSeconds?: number;
}

const identityLogins = ({ words }: Context, settings: LiveSettings): Html => {
  const logins = loginsOffered(settings.sections).filter(({ channel }) => channel === undefined);
  if (logins.length === 0) return NOTHING;
  return html`<section class="card" aria-labelledby="login" data-login-box><h2 id="login">${words.login.title}</h2><p>${words.login.identity}</p><noscript><p class="hint">${words.login.needsScript}</p></noscript>
${logins.map(({ url }) => html`<p><a class="button second" href="${url}" data-login="identity" hidden>${words.login.identityButton}</a></p>`)}<p class="strong" data-login-done hidden>${words.login.done}</p></section>`;
};

const queue = ({ words }: Context, place: Place | undefined): Html => {
  const { queue: its } = words;
  const isShown = place?.position !== undefined;
  const body = html`<h2 id="queue-title">${its.title}</h2><p class="place"><span>${its.ahead}</span> <strong data-queue-position>${place?.position ?? ''}</strong> <span>${its.people}</span></p><p><span>${its.about}</span> <strong data-queue-wait></strong></p><p data-queue-words>${isShown ? its.notYet : its.meanwhile}</p><p class="hint">${its.keep}</p>`;
  return isShown
    ? html`<section class="card state" id="queue" aria-labelledby="queue-title">${body}</section>`
    : html`<section class="card state" id="queue" aria-labelledby="queue-title" hidden>${body}</section>`;
};

/** What the module says; texts are in the page, so that they exist once. */
const said = ({ words: { send, queue: its } }: Context): Html => {
  const texts: Readonly<Record<string, string>> = {
    ...send,
    soon: its.soon,
    minutes: its.minutes('{least}', '{most}'),
    lessThanMinute: its.lessThanMinute,
    before: its.before,
    meanwhile: its.meanwhile,
    turn: its.turn,
    turnSending: its.turnSending,
    expired: its.expired,
    lost: its.lost,
    aheadText: `${its.ahead} {position} ${its.people}`,
  };
  return html`<template id="said">${Object.entries(texts).map(([key, text]) => html`<p data-key="${key}">${text}</p>`)}</template>`;
};

const consent = (context: Context, settings: LiveSettings, filled: Filled): Html => {
  const { words, writing } = context;
  const privacy = privacyShown(settings);
  return html`<h2>${words.form.consentTitle}</h2><p>${words.form.privacy} ${
    privacy === undefined ? words.privacyPage.noDate : words.form.deleteAt(writing.time(privacy.deleteAt))
  } <a href="${HELP}">${words.help}</a></p>${checkField(context, filled, { name: 'consent', label: words.form.consent })}`;
};

export const personalFields = (context: Context, filled: Filled, prefix = ''): Html => {
  const { form } = context.words;
  return html`${textField(context, filled, { name: 'name', label: form.name, hint: form.nameHint, autocomplete: 'name', prefix })}
${textField(context, filled, { name: 'idNumber', label: form.idNumber, hint: form.idNumberHint, prefix })}
${textField(context, filled, { name: 'phone', label: form.phone, hint: form.phoneHint, type: 'tel', inputmode: 'numeric', autocomplete: 'tel-national', prefix })}`;
};

export const channelField = (context: Context, settings: LiveSettings, filled: Filled, prefix = ''): Html => {
  const { words, writing } = context;
  const choices = offeredChannels(settings).map((value) => ({ value, label: writing.channel(value) }));
  return choiceField(
    context,
    filled,
    { name: 'channel', label: words.form.channel, hint: words.form.channelHint, prefix },
    choices,
  );
};

/** @param idempotencyKey so that a second click, a reload and a repeat are one registration */
export const formPage = (
  context: Context,
  settings: LiveSettings,
  idempotencyKey: string,
  filled: Filled = EMPTY,
  place?: Place,
): Page => {
  const { words, writing, language } = context;
  const hasErrors = filled.errors.length > 0 || filled.problem !== undefined;
  const vouchers = settings.vouchers.map(({ name, title, faceValueFen, quota }) => ({
    value: name,
    label: html`${title[language]} <span class="hint">${writing.money(faceValueFen)} · ${words.vouchers.quota(writing.count(quota))}</span>`,
  }));
  return {
    title: words.form.title,
    hasErrors,
    main: html`<h1>${words.form.title}</h1>${errorSummary(context, filled)}${queue(context, place)}<p class="unseen" role="status" data-queue-status></p>${identityLogins(context, settings)}
<form method="post" action="${FORM}" novalidate data-register data-keep="${context.campaignId}" data-opens="${settings.window.opensAt}" data-queue="${String(preQueueAtMs(settings) !== undefined)}" data-origins="${otherOriginsOf(settings).join(' ')}">
<input type="hidden" name="idempotencyKey" value="${idempotencyKey}"><input type="hidden" name="policyVersion" value="${CONSENT_VERSION}"><input type="hidden" name="idType" value="CN_ID"><input type="hidden" name="locale" value="${language}">
<input type="hidden" name="identityAssertion" value="${filled.values['identityAssertion'] ?? ''}"><input type="hidden" name="identityNonce" value="${filled.values['identityNonce'] ?? ''}">
${personalFields(context, filled)}
${choiceField(context, filled, { name: 'category', label: words.form.category, hint: words.form.categoryHint }, vouchers)}
${channelField(context, settings, filled)}
${consent(context, settings, filled)}
<button class="button" data-busy>${words.form.send}</button><p class="status" role="status" aria-live="polite" data-status></p><p class="hint">${words.form.kept}</p></form>
<form method="post" action="${RECEIPT}" id="to-receipt" hidden><input type="hidden" name="receiptNo"><input type="hidden" name="secret"><input type="hidden" name="fresh" value="yes"></form>${said(context)}`,
  };
};
