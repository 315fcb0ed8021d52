/** The one sentence that answers "is it going well?". It names no age, so that it is read out only when it changes. Pure. */
import { entryOf } from '../../contract/tiers.ts';
import type { Fault } from '../remedies.ts';
import type { Model } from './model.ts';
import { type Language, TEXTS, type Text } from './texts.ts';
import { conditionZh } from './words-zh.ts';

export interface HealthTexts {
  readonly verdict: Text;
  readonly because: readonly Text[];
}

const nameOf = ({ condition }: Fault): Text => ({ en: condition.type, 'zh-CN': conditionZh(condition.type) });

/** The parts in the order in which a person should look at them. */
export const healthTexts = ({ standing }: Pick<Model, 'standing'>): HealthTexts => {
  const { health, plans, levels, faults, graveFaults, held, silentForMs } = standing;
  const verdict = { ok: TEXTS.ok, attention: TEXTS.attention, trouble: TEXTS.trouble, unknown: TEXTS.unseen }[health];
  if (health === 'unknown') return { verdict, because: [] };
  const waiting: Text =
    plans.length === 1
      ? TEXTS.planWaits
      : { en: `${plans.length} ${TEXTS.plansWait.en}`, 'zh-CN': `${plans.length} ${TEXTS.plansWait['zh-CN']}` };
  const because = [
    ...(silentForMs === undefined ? [] : [TEXTS.silent]),
    ...faults.slice(0, graveFaults).map(nameOf),
    ...(plans.length === 0 ? [] : [waiting]),
    ...levels.map(({ status: { name } }) => ({
      en: `${TEXTS.levelInForce.en}: ${name}`,
      'zh-CN': `${TEXTS.levelInForce['zh-CN']}：${name}`,
    })),
    ...held.map((tier) => ({
      en: `${tier} ${TEXTS.heldShort.en}`,
      'zh-CN': `${entryOf(tier).nameZh}${TEXTS.heldShort['zh-CN']}`,
    })),
    ...faults.slice(graveFaults).map(nameOf),
  ];
  return { verdict, because };
};

export const healthText = ({ verdict, because }: HealthTexts, language: Language): string => {
  const parts = because.map((part) => part[language]);
  if (language === 'en') return `${[verdict.en, ...(parts.length === 0 ? [] : [parts.join('; ')])].join(': ')}.`;
  return `${[verdict['zh-CN'], ...(parts.length === 0 ? [] : [parts.join('；')])].join('：')}。`;
};
