/** The parts of the page that change, as HTML. Pure. */
import { entryOf } from '../../contract/tiers.ts';
import { clockOf } from '../times.ts';
import { count } from '../words.ts';
import { ago, at, duration, type Look, label, milliseconds, number, say } from './format.ts';
import { isStale, type SourceState } from './frame.ts';
import { healthText, healthTexts } from './health.ts';
import { type Html, html, type Part } from './html.ts';
import type { Model, Step, StepName } from './model.ts';
import { needsSection } from './needs.ts';
import { isStage, STAGES, TEXTS, type TextKey } from './texts.ts';
import { becauseZh } from './words-zh.ts';

export type SectionName =
  | 'head'
  | 'clock'
  | 'source'
  | 'stale'
  | 'health'
  | 'figures'
  | 'steps'
  | 'tiers'
  | 'needs'
  | 'foot';
export type Sections = Readonly<Record<SectionName, Html>>;

const head = (model: Model, look: Look): Html => {
  const { title } = model.campaign.spec;
  const { name, namespace } = model.campaign.metadata;
  const stage = isStage(model.stage) ? STAGES[model.stage] : { en: model.stage, 'zh-CN': model.stage };
  const context = model.context === undefined ? '' : ` · ${model.context}`;
  return html`<h1>${label(look, title)}</h1>
    <p class="where"><strong class="stage stage-${model.stage}">${label(look, stage)}</strong> <span class="name">${namespace}/${name}${context}</span></p>`;
};

const clock = (model: Model, look: Look): Html => {
  const { nowMs, zone, opensAtMs, openedAtMs, closesAtMs } = model;
  const begins: TextKey = openedAtMs !== undefined ? 'opened' : opensAtMs <= nowMs ? 'due' : 'opens';
  const ends: TextKey = closesAtMs <= nowMs ? 'closed' : 'closes';
  const fact = (key: TextKey, whenMs: number): Html =>
    html`<span class="when">${say(look, key)} ${at(look, whenMs, nowMs, zone)}</span>`;
  return html`<p class="time"><time>${clockOf(nowMs, zone, nowMs)}</time> <small>UTC${zone.text}</small></p>
    <p class="window">${fact(begins, openedAtMs ?? opensAtMs)} ${fact(ends, closesAtMs)}</p>`;
};

/** Live figures say nothing here; a recording must not be taken for a campaign. */
const source = (state: SourceState, look: Look): Html => {
  if (state.kind === 'live') return html``;
  const what = state.of === 'demo' ? TEXTS.replayOfDemo : TEXTS.replayOfSimulation;
  const speed = state.speed === 1 ? '' : ` · ${say(look, 'speed')} ×${state.speed}`;
  return html`<p class="replay">${label(look, what)}${speed}${state.isOver && html` · ${say(look, 'replayOver')}`}</p>`;
};

const stale = (state: SourceState, look: Look): Html => {
  if (state.kind !== 'live' || !isStale(state)) return html``;
  if (state.isGone) return html`<p><strong>${say(look, 'gone')}</strong></p>`;
  const why = state.failure !== undefined && html`<span lang="en">${state.failure}.</span>`;
  return html`<p><strong>${say(look, 'stale')} ${duration(look, state.ageMs / 1000)}.</strong> ${why} ${say(look, 'retrying')}</p>`;
};

interface Figure {
  readonly name: string;
  readonly title: TextKey;
  readonly value: string;
  readonly unit?: string | undefined;
  readonly detail: Part;
}

const perSecond = (look: Look, value: number): string =>
  look.language === 'en' ? `${count(value)}/s` : `每秒 ${count(value)}`;

const turnsText = (look: Look, rate: number): string =>
  look.language === 'en' ? `${count(rate)} ${say(look, 'turns')}` : `${say(look, 'turns')} ${count(rate)}`;

const figuresOf = (model: Model, look: Look): readonly Figure[] => {
  const { campaign, waiting, hasWaitingRoom, answerP99Ms, peakArrivals, tiers } = model;
  const { status = {} } = campaign;
  const { arrivalsPerSecond, backlog, oldestSeconds, counts, issuance } = status;
  const intake = tiers.find(({ tier }) => tier === 'intake')?.status;
  const peak = peakArrivals === undefined ? undefined : html`${say(look, 'peak')} ${perSecond(look, peakArrivals)}`;
  const oldest = oldestSeconds === undefined ? '' : `${say(look, 'oldest')} ${duration(look, oldestSeconds)}`;
  const [answer, unit] = answerP99Ms === undefined ? [] : milliseconds(look, answerP99Ms);
  return [
    {
      name: 'arrivals',
      title: 'arrivals',
      value: number(look, arrivalsPerSecond),
      unit: arrivalsPerSecond === undefined ? undefined : look.language === 'en' ? '/s' : '/秒',
      detail: peak ?? say(look, 'arrivalsUnit'),
    },
    ...(hasWaitingRoom
      ? [
          {
            name: 'waiting',
            title: 'waiting' as const,
            value: count(waiting?.citizens ?? 0),
            detail:
              waiting === undefined
                ? say(look, 'noQueue')
                : html`${
                    waiting.longestSeconds !== undefined &&
                    html`${say(look, 'longest')} ${duration(look, waiting.longestSeconds)} · `
                  }${turnsText(look, waiting.ratePerSecond)}`,
          },
        ]
      : []),
    {
      name: 'backlog',
      title: 'backlog',
      value: number(look, backlog),
      detail: backlog === 0 ? say(look, 'nothingWaits') : oldest === '' ? say(look, 'backlogUnit') : oldest,
    },
    {
      name: 'replicas',
      title: 'replicas',
      value: intake === undefined ? say(look, 'unknown') : String(intake.ready),
      unit: intake === undefined ? undefined : `/ ${intake.ceiling}`,
      detail:
        intake === undefined
          ? undefined
          : html`${say(look, 'ready')} / ${say(look, 'ceiling')} · ${say(look, 'desired')} ${intake.desired}`,
    },
    {
      name: 'registered',
      title: 'registered',
      value: number(look, counts?.received),
      detail: say(look, 'registeredUnit'),
    },
    answer === undefined
      ? {
          name: 'delay',
          title: 'delay',
          value: backlog === undefined ? say(look, 'unknown') : duration(look, oldestSeconds ?? 0),
          detail: say(look, 'delayUnit'),
        }
      : { name: 'answer', title: 'answer', value: answer, unit, detail: say(look, 'answerUnit') },
    ...(issuance?.startedAt === undefined
      ? []
      : [
          {
            name: 'issued',
            title: 'issued' as const,
            value: number(look, issuance.issued),
            detail:
              issuance.winners === undefined ? undefined : html`${say(look, 'ofWinners')} ${count(issuance.winners)}`,
          },
        ]),
  ];
};

const figures = (model: Model, look: Look): Html =>
  html`${figuresOf(model, look).map(
    ({ name, title, value, unit, detail }) =>
      html`<div class="figure figure-${name}"><dt>${label(look, TEXTS[title])}</dt><dd><strong>${value}</strong>${
        unit !== undefined && html` <span class="unit">${unit}</span>`
      }</dd><dd class="detail">${detail}</dd></div>`,
  )}`;

const STEP_TEXTS: Readonly<Record<StepName, TextKey>> = {
  registered: 'stepRegistered',
  verified: 'stepVerified',
  listed: 'stepListed',
  won: 'stepWon',
  issued: 'stepIssued',
};
const STATE_TEXTS: Readonly<Record<Step['state'], TextKey>> = { done: 'stepDone', now: 'stepNow', later: 'stepLater' };

const steps = ({ steps: all }: Model, look: Look): Html =>
  html`${all.map(({ name, value, waits, failed, state }) => {
    const rest = [
      ...(waits === undefined || waits === 0 ? [] : [`${count(waits)} ${say(look, 'stepWaits')}`]),
      ...(failed === undefined || failed === 0 ? [] : [`${count(failed)} ${say(look, 'stepFailed')}`]),
    ];
    return html`<li class="step step-${state}"><span class="step-name">${label(look, TEXTS[STEP_TEXTS[name]])}</span>
      <strong>${value === undefined ? '–' : count(value)}</strong>
      <span class="step-state">${[say(look, STATE_TEXTS[state]), ...rest].join(' · ')}</span></li>`;
  })}`;

/** Widths are attributes of SVG: the page's policy forbids style attributes. */
const bar = (ready: number, desired: number, ceiling: number): Html => {
  const most = Math.max(1, ready, desired, ceiling);
  const share = (value: number): number => Math.round((value / most) * 1_000) / 10;
  return html`<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect class="bar-desired" width="${share(desired)}" height="10"/><rect class="bar-ready" width="${share(ready)}" height="10"/><rect class="bar-ceiling" x="${Math.max(0, share(ceiling) - 1)}" width="1" height="10"/></svg>`;
};

const tiers = (model: Model, look: Look): Html =>
  html`${model.tiers.map(({ tier, status, sinceMs, decision, reason }) => {
    const entry = entryOf(tier);
    const text = look.language === 'en' ? reason : becauseZh(decision);
    const isHeld = status.limitedBy === 'Ceiling' || status.limitedBy === 'Downstream';
    return html`<tr class="${isHeld && 'held'}"><th scope="row">${label(look, { en: tier, 'zh-CN': entry.nameZh })}</th>
      <td class="number">${status.ready}</td><td class="number">${status.desired}</td><td class="number">${status.ceiling}</td>
      <td class="bars">${bar(status.ready, status.desired, status.ceiling)}</td>
      <td class="since">${sinceMs === undefined ? '–' : clockOf(sinceMs, model.zone, model.nowMs)}</td><td class="why">${text}</td></tr>`;
  })}`;

const foot = (model: Model, state: SourceState, look: Look): Html => {
  const written = model.statusAtMs === undefined ? say(look, 'never') : ago(look, model.statusAtMs, model.nowMs);
  return html`${state.kind === 'live' && html`${say(look, 'updated')} ${written} · `}kubectl voucher dashboard`;
};

const health = (model: Model, look: Look): Html => {
  const { health: is } = model.standing;
  const sign = { ok: '✓', attention: '!', trouble: '✕', unknown: '?' }[is];
  return html`<p class="health health-${is}"><span class="sign" aria-hidden="true">${sign}</span> <span>${healthText(
    healthTexts(model),
    look.language,
  )}</span></p>`;
};

/** @param wallMs the present; the model's is when its state was current */
export const sectionsOf = (model: Model, state: SourceState, look: Look, wallMs: number): Sections => ({
  head: head(model, look),
  clock: clock({ ...model, nowMs: wallMs }, look),
  source: source(state, look),
  stale: stale(state, look),
  health: health(model, look),
  figures: figures(model, look),
  steps: steps(model, look),
  tiers: tiers(model, look),
  needs: needsSection(model, look),
  foot: foot(model, state, look),
});
