/** Until when personal data is kept, for citizens. Pure. */
import type { LiveSettings, LocalizedText } from '../../contract/app-contract.ts';

const TEXT: LocalizedText = {
  'zh-CN': '最迟于此时间，本次活动的全部个人信息将被销毁，届时回执不能再查询',
  en: 'By this time at the latest all personal data of this campaign will be destroyed. Receipts can then no longer be looked up',
};

/** Undefined: an operator of an earlier release wrote the settings. */
export const privacyShown = ({
  privacy,
}: LiveSettings): { readonly deleteAt: string; readonly text: LocalizedText } | undefined =>
  privacy && { deleteAt: privacy.deleteAt, text: TEXT };
