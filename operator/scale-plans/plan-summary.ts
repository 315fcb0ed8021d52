/** A plan in a few sentences, for an official who reads them on a telephone. Pure. */

import { instantMs } from '../../contract/instant.ts';
import { entryOf } from '../../contract/tiers.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { ScalePlanSpec } from '../../contract/types/scale-plan.ts';
import { truncated } from '../tick/truncated.ts';
import type { TierNeed } from './plan-content.ts';

const MAX_LENGTH = 512;

const bounded = (text: string): string => truncated(text, MAX_LENGTH);

/** 41,234 → 41,000: the last digits of a prediction decide nothing. */
const about = (value: number): string => {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, value))) - 1);
  return count(Math.round(value / unit) * unit);
};
const count = (value: number): string => value.toLocaleString('en-US');

/** `+08:00` of the campaign's own opening time, minutes. */
const offsetMinutes = (opensAt: string): number => {
  const [, sign = '+', hours = '0', minutes = '0'] = /([+-])(\d{2}):(\d{2})$/.exec(opensAt) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
};
/** `09-25 10:00`, in the campaign's time zone. */
const clock = (instant: string, opensAt: string): string =>
  new Date(instantMs(instant) + offsetMinutes(opensAt) * 60_000).toISOString().slice(5, 16).replace('T', ' ');

const spanEn = (seconds: number): string => (seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`);
const spanZh = (seconds: number): string => (seconds < 120 ? `${seconds} 秒` : `${Math.round(seconds / 60)} 分钟`);
const yuan = (fen: number): string => (fen / 100).toLocaleString('en-US', { minimumFractionDigits: 2 });

interface Content extends Pick<ScalePlanSpec, 'reason' | 'ceilings' | 'effect' | 'means'> {
  readonly title: string;
  readonly needs: readonly TierNeed[];
  readonly by: string;
}

const english = ({ title, needs, reason, ceilings, effect, means, by }: Content): string => {
  const rate = reason === 'Forecast' ? 'arrivals/s are forecast' : 'first attempts/s now';
  const head = effect === undefined ? '.' : `: ${count(effect.arrivalsPerSecond)} ${rate}.`;
  const need = needs.map(({ tier, needed, ceiling, isRenewal }) =>
    isRenewal
      ? `${tier} needs ${needed} replicas; a grant ends within ten minutes, and then only ${ceiling} are authorised.`
      : `${tier} needs ${needed} replicas; ${ceiling} are authorised.`,
  );
  const changes =
    effect === undefined
      ? []
      : [
          `In ${Math.round(effect.seconds / 60)} min, without the plan ${about(effect.without.late)} citizens wait longer than 5 s (99% wait at most ${spanEn(effect.without.waitP99Seconds)}); with it ${about(effect.with.late)} (${spanEn(effect.with.waitP99Seconds)}).`,
        ];
  const asked = needs.map(({ tier }) => `${tier} ${ceilings[tier] ?? 0}`).join(', ');
  const cost = means?.costFen === undefined ? '' : `, CNY ${yuan(means.costFen)}`;
  const takes = means === undefined ? '' : `; that takes at most ${count(means.podHours)} pod-hours${cost}`;
  return [`${title}${head}`, ...need, ...changes, `It asks for up to ${asked}${takes}. Decide by ${by}.`].join(' ');
};

const chinese = ({ title, needs, reason, ceilings, effect, means, by }: Content): string => {
  const [when, what] = reason === 'Forecast' ? ['预计峰值', '登记'] : ['目前', '首次登记'];
  const head = effect === undefined ? '。' : `：${when}每秒 ${count(effect.arrivalsPerSecond)} 次${what}。`;
  const need = needs.map(({ tier, needed, ceiling, isRenewal }) =>
    isRenewal
      ? `${entryOf(tier).nameZh}需要 ${needed} 个副本；一项临时授权将在十分钟内到期，届时只授权 ${ceiling} 个。`
      : `${entryOf(tier).nameZh}需要 ${needed} 个副本，已授权 ${ceiling} 个。`,
  );
  const changes =
    effect === undefined
      ? []
      : [
          `${Math.round(effect.seconds / 60)} 分钟内：如不批准，约 ${about(effect.without.late)} 人等待超过 5 秒（99% 的人最多等 ${spanZh(effect.without.waitP99Seconds)}）；如批准，约 ${about(effect.with.late)} 人（${spanZh(effect.with.waitP99Seconds)}）。`,
        ];
  const asked = needs.map(({ tier }) => `${entryOf(tier).nameZh} ${ceilings[tier] ?? 0} 个副本`).join('，');
  const cost = means?.costFen === undefined ? '' : `，费用 ${yuan(means.costFen)} 元`;
  const takes = means === undefined ? '' : `；最多使用 ${count(means.podHours)} 副本小时${cost}`;
  return [`${title}${head}`, ...need, ...changes, `申请将授权上限提高到：${asked}${takes}。请于 ${by} 前审批。`].join(
    '',
  );
};

export const summaryOf = (
  { spec: { title, window } }: VoucherCampaign,
  needs: readonly TierNeed[],
  plan: Pick<ScalePlanSpec, 'reason' | 'ceilings' | 'effect' | 'means' | 'expiresAt'>,
): NonNullable<ScalePlanSpec['summary']> => {
  const content = { ...plan, needs, by: clock(plan.expiresAt, window.opensAt) };
  return {
    'zh-CN': bounded(chinese({ ...content, title: title['zh-CN'] })),
    en: bounded(english({ ...content, title: title.en })),
  };
};
