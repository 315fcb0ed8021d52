/** Whose registration enters the draw, for citizens. Pure. */
import type { LiveSettings, LocalizedText } from '../../contract/app-contract.ts';

const UNCHECKED: LocalizedText = {
  'zh-CN': '本次活动不核验身份，有效登记均参加摇号。',
  en: 'Identities are not checked in this campaign: every registration that counts enters the draw.',
};

const TEXTS: Readonly<Record<LiveSettings['draw']['unverified'], LocalizedText>> = {
  exclude: {
    'zh-CN':
      '名单确定时身份核验已通过的有效登记参加摇号；尚未核验、核验未通过或待人工审核的，不参加摇号。核验未通过或待人工审核的登记，最多可更正两次。',
    en: 'A registration that counts enters the draw if its identity check has succeeded when the list is frozen. It does not enter if by then the check has failed or has not been made, or if the registration waits for a manual review. A registration whose check failed, or that waits for a review, can be corrected twice at most.',
  },
  enter: {
    'zh-CN':
      '名单确定时身份核验已通过或尚未核验的有效登记参加摇号；核验未通过或待人工审核的，不参加摇号。核验未通过或待人工审核的登记，最多可更正两次。',
    en: 'A registration that counts enters the draw if its identity check has succeeded, or has not been made, when the list is frozen. It does not enter if the check has failed, or if the registration waits for a manual review. A registration whose check failed, or that waits for a review, can be corrected twice at most.',
  },
};

export const drawText = ({ draw, sections }: LiveSettings): LocalizedText =>
  sections?.['verification'] === undefined ? UNCHECKED : TEXTS[draw.unverified];
