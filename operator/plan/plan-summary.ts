/** A plan in a few sentences, for an official who reads them on a telephone. Pure. */
import type { VoucherCampaign } from '../api/campaign-types.ts';
import type { ScalePlanSpec } from '../api/scale-plan-types.ts';
import type { TierNeed } from './plan-content.ts';

/** The schema's bound. */
const MAX_LENGTH = 512;

const bounded = (text: string): string => (text.length <= MAX_LENGTH ? text : `${text.slice(0, MAX_LENGTH - 1)}…`);

/** 41,234 → 41,000: nobody decides by the last digits of a prediction. */
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
/** `09-25 10:00`, by the campaign's clock. */
const clock = (instant: string, opensAt: string): string =>
  new Date(Date.parse(instant) + offsetMinutes(opensAt) * 60_000).toISOString().slice(5, 16).replace('T', ' ');

const spanEn = (seconds: number): string => (seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`);
const spanZh = (seconds: number): string => (seconds < 120 ? `${seconds} 秒` : `${Math.round(seconds / 60)} 分钟`);
const yuan = (fen: number): string => (fen / 100).toLocaleString('en-US', { minimumFractionDigits: 2 });

const ZH_TIERS = { intake: '登记入口', records: '入库' } as const;

type Told = Pick<ScalePlanSpec, 'reason' | 'ceilings' | 'effect' | 'means' | 'expiresAt'>;

export const summaryOf = (
  { spec: { title, window } }: VoucherCampaign,
  needs: readonly TierNeed[],
  { reason, ceilings, effect, means, expiresAt }: Told,
): NonNullable<ScalePlanSpec['summary']> => {
  const by = clock(expiresAt, window.opensAt);
  const en: string[] = [];
  const zh: string[] = [];
  if (effect !== undefined) {
    const { arrivalsPerSecond, seconds, without, with: granted } = effect;
    en.push(
      reason === 'Forecast'
        ? `${title.en}: ${count(arrivalsPerSecond)} arrivals/s are forecast.`
        : `${title.en}: ${count(arrivalsPerSecond)} arrivals/s now.`,
    );
    zh.push(
      reason === 'Forecast'
        ? `${title['zh-CN']}：预计峰值每秒 ${count(arrivalsPerSecond)} 次登记。`
        : `${title['zh-CN']}：目前每秒 ${count(arrivalsPerSecond)} 次登记。`,
    );
    en.push(
      ...needs.map(({ tier, needed, ceiling }) => `${tier} needs ${needed} replicas, ${ceiling} are authorised.`),
    );
    zh.push(
      ...needs.map(({ tier, needed, ceiling }) => `${ZH_TIERS[tier]}需要 ${needed} 个副本，已授权 ${ceiling} 个。`),
    );
    const minutes = Math.round(seconds / 60);
    en.push(
      `In ${minutes} min, without the plan ${about(without.late)} citizens wait longer than 5 s (99 of 100 at most ${spanEn(without.waitP99Seconds)}); with it ${about(granted.late)} (${spanEn(granted.waitP99Seconds)}).`,
    );
    zh.push(
      `${minutes} 分钟内：不批准，约 ${about(without.late)} 人等待超过 5 秒（99% 的人最多等 ${spanZh(without.waitP99Seconds)}）；批准，约 ${about(granted.late)} 人（${spanZh(granted.waitP99Seconds)}）。`,
    );
  }
  const asked = needs.map(({ tier }) => ({ tier, ceiling: ceilings[tier] ?? 0 }));
  const cost = means?.costFen === undefined ? '' : `, CNY ${yuan(means.costFen)}`;
  const costZh = means?.costFen === undefined ? '' : `，${yuan(means.costFen)} 元`;
  const podHours = means === undefined ? '' : `, at most ${count(means.podHours)} pod-hours${cost}`;
  const podHoursZh = means === undefined ? '' : `，最多 ${count(means.podHours)} Pod 小时${costZh}`;
  en.push(
    `It asks for ${asked.map(({ tier, ceiling }) => `${tier} ${ceiling}`).join(', ')}${podHours}. Decide by ${by}.`,
  );
  zh.push(
    `申请上限：${asked.map(({ tier, ceiling }) => `${ZH_TIERS[tier]} ${ceiling}`).join('，')}${podHoursZh}。请在 ${by} 前决定。`,
  );
  return { 'zh-CN': bounded(zh.join('')), en: bounded(en.join(' ')) };
};
