/** The first page: what the campaign is, whether it is open, and the way to the form. The same for everyone, so that it is rendered once a second. */
import type { LiveSettings, LiveVoucher } from '../../../contract/app-contract.ts';
import { drawText } from '../../intake/draw-text.ts';
import { oneEntryText } from '../../intake/one-entry.ts';
import type { Context, Page } from '../context.ts';
import { type Html, html, NOTHING } from '../template.ts';
import { FORM, HELP, RECEIPT } from './layout.ts';

export type Phase = 'before' | 'open' | 'closed';

export const phaseOf = ({ window: { opensAt, closesAt } }: LiveSettings, nowMs: number): Phase => {
  if (nowMs < Date.parse(opensAt)) return 'before';
  return nowMs < Date.parse(closesAt) ? 'open' : 'closed';
};

/** When tickets are given before opening, minutes; undefined: there is no waiting room. */
export const preQueueAtMs = ({ window, traffic }: LiveSettings): number | undefined => {
  const room = traffic.waitingRoom;
  return room?.enabled === true ? Date.parse(window.opensAt) - (room.preQueueMinutes ?? 0) * 60_000 : undefined;
};

const voucher = ({ words, writing, language }: Context, one: LiveVoucher): Html => {
  const { vouchers } = words;
  const face = writing.money(one.faceValueFen);
  return html`<li class="card voucher"><h3>${one.title[language]}</h3><p class="worth">${
    one.minimumSpendFen === 0 ? vouchers.worthAny(face) : vouchers.worth(face, writing.money(one.minimumSpendFen))
  }</p><p>${vouchers.quota(writing.count(one.quota))} · ${vouchers.valid(writing.number(one.validDays))}</p></li>`;
};

const statusOf = ({ words, writing, nowMs }: Context, settings: LiveSettings): Html => {
  const { opensAt, closesAt } = settings.window;
  const start = html`<a class="button" href="${FORM}">${words.start.button}</a><p class="hint">${words.start.minutes}</p>`;
  switch (phaseOf(settings, nowMs)) {
    case 'before': {
      const fromMs = preQueueAtMs(settings);
      const early = html`<p><a class="button second" href="${FORM}">${words.start.early}</a></p><p class="hint">${words.start.earlyHint}</p>`;
      return html`<section class="card state" aria-labelledby="state"><h2 id="state">${words.phase.before}</h2><p class="strong">${words.phase.opensAt(writing.time(opensAt))}</p>
<div data-until="${opensAt}"><p class="countdown"><span>${words.phase.countdown}</span> <strong data-countdown="${opensAt}" role="timer"></strong></p>${
        fromMs === undefined || nowMs < fromMs ? NOTHING : early
      }</div><div data-from="${opensAt}" hidden>${start}</div><p>${words.phase.noHurry}</p></section>`;
    }
    case 'open':
      return html`<section class="card state" aria-labelledby="state"><h2 id="state">${words.phase.open}</h2><p>${words.phase.closesAt(writing.time(closesAt))}</p>${start}<p>${words.phase.noHurry}</p></section>`;
    case 'closed':
      return html`<section class="card state" aria-labelledby="state"><h2 id="state">${words.phase.closed}</h2><p>${words.phase.closedAt(writing.time(closesAt))}</p><p class="strong">${
        settings.announced === undefined ? words.phase.afterClosing : words.phase.announced
      }</p><a class="button" href="${RECEIPT}">${words.lookUp}</a></section>`;
  }
};

export const rules = (context: Context, settings: LiveSettings): Html => {
  const { words, language, writing } = context;
  return html`<section><h2>${words.rules.title}</h2><p>${words.rules.age(writing.number(settings.eligibility.minAge))}</p>
<h3>${words.rules.one}</h3><p>${oneEntryText(settings)[language]}</p><h3>${words.rules.draw}</h3><p>${drawText(settings)[language]}</p></section>`;
};

export const startPage = (context: Context, settings: LiveSettings): Page => {
  const { words, language } = context;
  const isOver = phaseOf(settings, context.nowMs) === 'closed';
  return {
    title: settings.title[language],
    main: html`<h1>${settings.title[language]}</h1>${statusOf(context, settings)}
<section><h2>${words.vouchers.title}</h2><ul class="plain">${settings.vouchers.map((one) => voucher(context, one))}</ul>
<h3>${words.vouchers.oddsTitle}</h3><p>${words.vouchers.odds}</p></section>
<section><h2>${words.steps.title}</h2><ol class="steps">${words.steps.all.map((step) => html`<li>${step}</li>`)}</ol></section>
${rules(context, settings)}
<section class="card quiet"><h2>${words.rules.family}</h2><p>${words.rules.familyText}</p></section>
<p>${isOver ? NOTHING : html`<a href="${RECEIPT}">${words.start.lookUp}</a><br>`}<a href="${HELP}">${words.proof.title}</a></p>`,
  };
};
