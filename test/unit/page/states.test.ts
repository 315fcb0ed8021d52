/** Each state of a receipt as a page, in both languages. */
import { describe, expect, it } from '@jest/globals';
import type { ReceiptState } from '../../../app/intake/receipt-state.ts';
import type { Context } from '../../../app/web/context.ts';
import { textOf } from '../../../app/web/template.ts';
import { changePath, offered } from '../../../app/web/views/changes.ts';
import { layout } from '../../../app/web/views/layout.ts';
import { statusPage } from '../../../app/web/views/status.ts';
import { type Language, WORDS, WRITING } from '../../../app/web/words/words.ts';
import { NOW_MS } from '../../helpers/intake.ts';
import { wholeSettings } from '../../helpers/page-states.ts';

const settings = wholeSettings();
const contextOf = (language: Language): Context => ({
  campaignId: 'test-campaign',
  language,
  words: WORDS[language],
  writing: WRITING[language],
  isElder: false,
  settings,
  nowMs: NOW_MS,
  path: '/r',
});

const stateOf = (state: string, over: Partial<ReceiptState> = {}): ReceiptState => ({
  receiptNo: '0'.repeat(26),
  state,
  confirmed: true,
  receivedAt: '2026-10-01T00:00:00Z',
  channel: 'wechat',
  category: 'dining-50',
  history: [{ state: 'received', at: '2026-10-01T00:00:00Z' }],
  editableUntil: '2026-10-09T00:00:00Z',
  correctionsLeft: 2,
  channelChangesLeft: 5,
  ...over,
});

const shown = (language: Language, state: ReceiptState): string => {
  const context = contextOf(language);
  const receipt = { receiptNo: state.receiptNo, secret: '1'.repeat(26), origin: 'https://vouchers.example.org' };
  return textOf(layout(context, statusPage(context, settings, { state, receipt })));
};

const STATES = Object.keys(WORDS.en.states).filter((state) => state !== 'other') as (keyof typeof WORDS.en.states)[];

describe.each(STATES)('%s', (state) => {
  it.each(['zh-CN', 'en'] as const)('is said in %s, with the voucher, the app and the time', (language) => {
    const text = shown(language, stateOf(state));
    const [title, rest] = WORDS[language].states[state];
    for (const words of [
      title,
      rest,
      language === 'en' ? 'Dining voucher' : '餐饮消费券',
      language === 'en' ? 'WeChat Pay' : '微信支付',
    ])
      expect(text).toContain(words);
    expect(text).not.toMatch(/undefined|\[object|NaN/);
  });
});

it('a state of a later release is shown, too', () => {
  expect(shown('zh-CN', stateOf('of-the-future'))).toContain(WORDS['zh-CN'].states.other[0]);
});

describe('what is offered', () => {
  it.each([
    ['received', ['channel', 'account', 'withdrawal']],
    ['verified', ['channel', 'account', 'withdrawal']],
    ['rejected', ['correction', 'channel', 'account', 'withdrawal']],
    ['manual_review', ['correction', 'channel', 'account', 'withdrawal']],
    ['withdrawn', []],
    ['superseded', []],
    ['erased', []],
    ['issued', []],
  ])('for %s in time is %j', (state, changes) => {
    expect(offered(stateOf(state), settings, NOW_MS)).toEqual(changes);
    for (const change of changes as never[]) expect(shown('en', stateOf(state))).toContain(changePath(change));
  });

  it.each([
    ['entered', ['account']],
    ['won', ['account']],
    ['issue_failed', ['channel', 'account']],
    ['lost', []],
    ['redeemed', []],
  ])('for %s after the freeze is %j', (state, changes) => {
    const late = stateOf(state, { editableUntil: '2026-09-30T00:00:00Z' });
    expect(offered(late, settings, NOW_MS)).toEqual(changes);
  });

  it('is no correction when none is left, and no account after bindBy', () => {
    expect(offered(stateOf('rejected', { correctionsLeft: 0 }), settings, NOW_MS)).not.toContain('correction');
    const lateMs = Date.parse('2026-11-01T00:00:00Z');
    expect(offered(stateOf('won'), settings, lateMs)).not.toContain('account');
    const promoted = stateOf('won', { history: [{ state: 'promoted', at: '2026-10-31T00:00:00Z' }] });
    expect(offered(promoted, settings, lateMs)).toContain('account');
  });
});
