/** What needs a person, each with a command to copy; the page itself changes nothing. Pure. */
import { instantMs } from '../../contract/instant.ts';
import { entryOf, type Tier } from '../../contract/tiers.ts';
import { effectText, type LevelInForce } from '../contingency/contingency-words.ts';
import type { Fault } from '../remedies.ts';
import { clockOf } from '../times.ts';
import { ago, type Look, say } from './format.ts';
import { type Html, html, type Part } from './html.ts';
import type { Model, PlanShown } from './model.ts';
import { conditionZh } from './words-zh.ts';

/** The wall has no scrolling. */
const ON_THE_WALL = 3;

const command = (look: Look, text: string): Html =>
  html`<div class="command"><code tabindex="0">${text}</code><button type="button" data-copy="${text}" data-key="copy ${text}">${say(look, 'copy')}</button></div>`;

interface Need {
  readonly tone: 'bad' | 'warn';
  readonly title: Part;
  readonly body: Part;
}

const planNeed = (
  { name, asks, expiresAtMs, summary, command: approve }: PlanShown,
  model: Model,
  look: Look,
): Need => {
  // No countdown: a part that changes each second could not be selected and copied.
  const expires = `${say(look, 'planExpires')} ${clockOf(expiresAtMs, model.zone, model.nowMs)}`;
  const sentence = summary?.[look.language] ?? `${say(look, 'planAsks')} ${asks}`;
  return {
    tone: 'warn',
    title: `${say(look, 'plan')} ${name}`,
    body: html`<p>${sentence}</p><p class="expires">${expires}</p><p>${say(look, 'approve')}</p>${command(look, approve)}`,
  };
};

const isCommand = (remedy: string): boolean => /^kubectl /.test(remedy) && !/[;,]/.test(remedy);

const faultNeed = ({ condition, remedy }: Fault, isGrave: boolean, model: Model, look: Look): Need => {
  const { type, reason, message, lastTransitionTime } = condition;
  const name = look.language === 'en' ? type : `${conditionZh(type)} ${type}`;
  const sinceMs = instantMs(lastTransitionTime);
  const since = clockOf(sinceMs, model.zone, model.nowMs);
  const help =
    remedy === undefined
      ? undefined
      : isCommand(remedy)
        ? command(look, remedy)
        : html`<p class="remedy">${say(look, 'remedy')}: <span lang="en">${remedy}</span></p>`;
  return {
    tone: isGrave ? 'bad' : 'warn',
    title: html`${name} <span class="reason">${reason}</span> <small>${say(look, 'since')} ${since}</small>`,
    body: html`<p lang="en">${message}</p>${help}`,
  };
};

const levelNeed = ({ status, level }: LevelInForce, model: Model, look: Look): Need => {
  const { name } = model.campaign.metadata;
  const effect = level === undefined ? '' : `${effectText(level)}; `;
  return {
    tone: 'warn',
    title: `${say(look, 'level')} ${status.name}`,
    body: html`<p lang="en">${effect}${status.reason}</p><p>${say(look, 'levelStop')}</p>${command(
      look,
      `kubectl voucher contingency stop ${status.name} ${name} ${model.where}`,
    )}`,
  };
};

const heldNeed = (tier: Tier, model: Model, look: Look): Need => ({
  tone: 'warn',
  title: html`${look.language === 'en' ? tier : entryOf(tier).nameZh} ${say(look, 'held')}`,
  body: command(look, `kubectl voucher authorize ${model.campaign.metadata.name} ${model.where} --ceiling ${tier}=…`),
});

const silentNeed = (silentForMs: number, model: Model, look: Look): Need => ({
  tone: 'bad',
  title: html`${say(look, 'silent')} <small>${ago(look, model.nowMs - silentForMs, model.nowMs)}</small>`,
  body: command(look, `kubectl voucher doctor ${model.campaign.metadata.name} ${model.where}`),
});

/** In the order of `kubectl voucher status`: what citizens feel first. */
const needsOf = (model: Model, look: Look): readonly Need[] => {
  const { faults, graveFaults, levels, held, silentForMs } = model.standing;
  return [
    ...(silentForMs === undefined ? [] : [silentNeed(silentForMs, model, look)]),
    ...faults.slice(0, graveFaults).map((fault) => faultNeed(fault, true, model, look)),
    ...model.plans.map((plan) => planNeed(plan, model, look)),
    ...levels.map((level) => levelNeed(level, model, look)),
    ...held.map((tier) => heldNeed(tier, model, look)),
    ...faults.slice(graveFaults).map((fault) => faultNeed(fault, false, model, look)),
  ];
};

export const needsSection = (model: Model, look: Look): Html => {
  const all = needsOf(model, look);
  if (all.length === 0) return html`<p class="nothing">${say(look, 'nothing')}</p>`;
  const shown = look.isWall ? all.slice(0, ON_THE_WALL) : all;
  const rest = all.length - shown.length;
  return html`${shown.map(
    ({ tone, title, body }) => html`<article class="need need-${tone}"><h3>${title}</h3>${body}</article>`,
  )}${rest > 0 && html`<p class="more">${rest} ${say(look, 'more')}</p>`}`;
};
