/** Until when personal data is kept, for citizens. Pure. */
import type { LiveSettings, LocalizedText } from '../../contract/app-contract.ts';

const TEXT: LocalizedText = {
  'zh-CN': '到此时间，本次活动的全部个人信息将被销毁，回执届时不能再查询',
  en: 'At this time all personal data of this campaign is destroyed, and receipts can’t be looked up any more',
};

/** Undefined: an operator of an earlier release wrote the settings. */
export const privacyShown = ({
  privacy,
}: LiveSettings): { readonly deleteAt: string; readonly text: LocalizedText } | undefined =>
  privacy && { deleteAt: privacy.deleteAt, text: TEXT };
