/** The rule on repeated registrations, for citizens: in Shanghai, 2025, many did not know that three apps were three chances. */
import type { LiveSettings, LocalizedText } from '../../contract/app-contract.ts';
import type { KeySpace, Uniqueness } from '../../contract/uniqueness.ts';

/** As contract/winner.ts. Without verification, no registration is verified or rejected. */
const ORDER: LocalizedText = {
  'zh-CN': '身份核验已通过的优先，其次以最早一次为准；核验未通过或已撤回的登记不影响其他登记。',
  en: 'a verified one counts before the others, then the earliest. One that is rejected or withdrawn does not affect the others.',
};

const ENTRIES: Readonly<Record<Uniqueness, LocalizedText>> = {
  perCitizen: {
    'zh-CN': `每人仅一次登记有效，不论选择哪个领取渠道；多次登记的，${ORDER['zh-CN']}`,
    en: `One registration counts for each person, whichever app it names. If there are several, ${ORDER.en}`,
  },
  perCitizenAndChannel: {
    'zh-CN': `每人在微信、支付宝、云闪付各限一次有效登记；同一渠道多次登记的，${ORDER['zh-CN']}`,
    en: `One registration counts for each person in each app: WeChat, Alipay and UnionPay. If there are several in one app, ${ORDER.en}`,
  },
};

const DOCUMENTS: Readonly<Record<KeySpace, LocalizedText>> = {
  residentNumber: {
    'zh-CN': '凭居民身份证、港澳台居民居住证或外国人永久居留身份证的 18 位证件号码登记。',
    en: 'Register with the 18-digit number of an identity card, a residence permit or a permanent residence card.',
  },
  identityCard: {
    'zh-CN': '凭居民身份证号码登记。',
    en: 'Register with the number of a resident identity card.',
  },
};

const excludedText = (earlier: LiveSettings['eligibility']['excludeWinnersOf'] = []): LocalizedText =>
  earlier.length === 0
    ? { 'zh-CN': '', en: '' }
    : {
        'zh-CN': `在以下活动中已中签的市民不参加本次摇号：${earlier.map((title) => title['zh-CN']).join('、')}。`,
        en: ` People who won in an earlier campaign take no part in this draw: ${earlier.map(({ en }) => en).join(', ')}.`,
      };

export const oneEntryText = ({ eligibility, identity }: LiveSettings): LocalizedText => {
  const [entries, documents] = [ENTRIES[eligibility.uniqueness], DOCUMENTS[identity.keySpace]];
  const excluded = excludedText(eligibility.excludeWinnersOf);
  return {
    'zh-CN': entries['zh-CN'] + documents['zh-CN'] + excluded['zh-CN'],
    en: `${entries.en} ${documents.en}${excluded.en}`,
  };
};
