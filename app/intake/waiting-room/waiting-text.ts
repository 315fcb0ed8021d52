/** What a citizen who waits reads. Pure. */
import type { LocalizedText } from '../../../contract/app-contract.ts';
import type { EtaBand } from './wait.ts';

interface Shown {
  readonly position: number | null;
  readonly etaBand: EtaBand | null;
}

const amount = (seconds: number): { readonly zh: string; readonly en: string } => {
  if (seconds < 60) return { zh: `${seconds} 秒`, en: `${seconds} seconds` };
  if (seconds < 3_600) {
    const minutes = seconds / 60;
    return { zh: `${minutes} 分钟`, en: minutes === 1 ? '1 minute' : `${minutes} minutes` };
  }
  const hours = seconds / 3_600;
  return { zh: `${hours} 小时`, en: hours === 1 ? '1 hour' : `${hours} hours` };
};

const within = ({ least, most }: EtaBand): LocalizedText => {
  const [from, to] = [amount(least), most === null ? undefined : amount(most)];
  if (to === undefined) return { 'zh-CN': `预计等候超过 ${from.zh}`, en: `the wait is more than ${from.en}` };
  if (least === 0) return { 'zh-CN': `预计等候不到 ${to.zh}`, en: `the wait is less than ${to.en}` };
  return { 'zh-CN': `预计等候 ${from.zh}至 ${to.zh}`, en: `the wait is ${from.en} to ${to.en}` };
};

export const waitingText = ({ position, etaBand }: Shown): LocalizedText => {
  if (position === null || etaBand === null) {
    return {
      'zh-CN': '您已在排队，您的位置会保留，请稍候',
      en: 'You are in the queue and your place is kept; please wait',
    };
  }
  const { 'zh-CN': zh, en } = within(etaBand);
  return {
    'zh-CN': `您已在排队，前面还有 ${position} 人，${zh}；您的位置会保留`,
    en: `You are in the queue with ${position} people before you; ${en}; your place is kept`,
  };
};
