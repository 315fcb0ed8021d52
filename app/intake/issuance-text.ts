/**
 * The text that says what a winner can do. Pure.
 *
 * | state                     | and                                                 | text |
 * |---------------------------|-----------------------------------------------------|------|
 * | won                       | no account, and one can be bound                    | bind one |
 * | issuing                   |                                                     | wait |
 * | issue_failed              | attempts are left, and an account can be bound      | bind another one, or change the channel |
 * | issue_failed              | none is left, or the time is over                   | the voucher can't be issued |
 * | others                    |                                                     | – |
 *
 * Without `spec.issuance` there is no text: the campaign issues nothing.
 */
import type { LiveSettings, LocalizedText } from '../../contract/app-contract.ts';
import { MOST_ATTEMPTS } from '../../contract/outside/issuance.ts';
import type { Fact } from '../core/projection.ts';
import { bindableUntilMs, receiptBindableUntilMs } from './sections.ts';

const BIND: LocalizedText = {
  'zh-CN': '您已中签。请登录所选支付渠道并绑定收券账户，未绑定则无法发券',
  en: 'You have won. Log in to your channel to bind the account that will get the voucher. Without an account no voucher can be issued.',
};
const WAIT: LocalizedText = {
  'zh-CN': '消费券正在发放，请稍后查询',
  en: 'The voucher is being issued. Check again later.',
};
const BIND_ANOTHER: LocalizedText = {
  'zh-CN': '支付渠道无法向该账户发券。请绑定其他账户，或更换渠道后再绑定账户',
  en: 'The channel cannot issue the voucher to this account. Bind another account, or change the channel and bind an account there.',
};
const OVER: LocalizedText = {
  'zh-CN': '消费券未能发放，已不能再绑定其他账户',
  en: 'The voucher could not be issued, and no other account can be bound any more.',
};

const attemptOf = (facts: readonly Fact[], type: Fact['type']): number =>
  Math.max(0, ...facts.map((fact) => (fact.type === type ? (fact.attempt ?? 1) : 0)));

export const issuanceText = (
  state: string,
  facts: readonly Fact[],
  settings: LiveSettings | undefined,
  nowMs: number,
): LocalizedText | undefined => {
  if (settings === undefined || bindableUntilMs(settings) === undefined) return undefined;
  const canBind = nowMs < receiptBindableUntilMs(settings, facts);
  switch (state) {
    case 'won':
      return canBind && attemptOf(facts, 'bound') === 0 ? BIND : undefined;
    case 'issuing':
      return WAIT;
    case 'issue_failed':
      return canBind && attemptOf(facts, 'issue_failed') < MOST_ATTEMPTS ? BIND_ANOTHER : OVER;
    default:
      return undefined;
  }
};
