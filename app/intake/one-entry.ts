/** The rule of who counts once, as citizens read it: in Shanghai, 2025, many did not know that three apps were three chances. */
import type { LiveSettings, LocalizedText } from '../../contract/app-contract.ts';
import type { KeySpace, Uniqueness } from '../../contract/uniqueness.ts';

const ENTRIES: Readonly<Record<Uniqueness, LocalizedText>> = {
  perCitizen: {
    'zh-CN': '每人一次登记有效，不论选择哪个领取渠道；多次登记的，以最早一次为准。',
    en: 'One registration counts for each person, whichever app it names. Of several, the earliest counts.',
  },
  perCitizenAndChannel: {
    'zh-CN': '每人在微信、支付宝、云闪付各有一次登记有效；同一渠道多次登记的，以最早一次为准。',
    en: 'One registration counts for each person in each app: WeChat, Alipay and UnionPay. Of several in one app, the earliest counts.',
  },
};

const DOCUMENTS: Readonly<Record<KeySpace, LocalizedText>> = {
  residentNumber: {
    'zh-CN': '凭 18 位公民身份号码或居住证、永久居留身份证号码登记。',
    en: 'Register with the 18-digit number of an identity card, a residence permit or a permanent residence card.',
  },
  identityCard: {
    'zh-CN': '凭居民身份证号码登记。',
    en: 'Register with the number of a resident identity card.',
  },
};

export const oneEntryText = ({ eligibility, identity }: LiveSettings): LocalizedText => {
  const [entries, documents] = [ENTRIES[eligibility.uniqueness], DOCUMENTS[identity.keySpace]];
  return { 'zh-CN': entries['zh-CN'] + documents['zh-CN'], en: `${entries.en} ${documents.en}` };
};
