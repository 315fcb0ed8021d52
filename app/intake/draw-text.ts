/** Whose registration enters the draw, for citizens. Pure. */
import type { LiveSettings, LocalizedText } from '../../contract/app-contract.ts';

const UNCHECKED: LocalizedText = {
  'zh-CN': '本次活动不核验身份，有效登记均参加抽签。',
  en: 'Identities are not checked in this campaign: every valid registration enters the draw.',
};

const TEXTS: Readonly<Record<LiveSettings['draw']['unverified'], LocalizedText>> = {
  exclude: {
    'zh-CN': '名单确定时身份核验通过的登记参加抽签；尚未核验或核验未通过的，不参加抽签。核验未通过的可更正两次。',
    en: 'A registration enters the draw if its identity check has succeeded when the list is made. If the check has failed or has not been made by then, it does not enter. After a failed check it can be corrected, twice at most.',
  },
  enter: {
    'zh-CN':
      '名单确定时身份核验通过或尚未核验的登记参加抽签；核验未通过或待人工审核的，不参加抽签。核验未通过的可更正两次。',
    en: 'A registration enters the draw if its identity check has succeeded when the list is made, or has not been made by then. If the check has failed, or a person still has to review it, it does not enter. After a failed check it can be corrected, twice at most.',
  },
};

export const drawText = ({ draw, sections }: LiveSettings): LocalizedText =>
  sections?.['verification'] === undefined ? UNCHECKED : TEXTS[draw.unverified];
