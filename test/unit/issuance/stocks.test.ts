import { describe, expect, it } from '@jest/globals';
import type { StockReading } from '../../../contract/books.ts';
import { compareStocks } from '../../../operator/issuance/stocks.ts';
import { anIssuingCampaign, aStock } from '../../helpers/issuance-campaign.ts';

const NOW_MS = 1_000_000_000;
const { spec } = anIssuingCampaign();
const RESULT = {
  vouchers: [{ voucher: 'dining-50', seed: '', cutoff: '', winners: 900, waitlisted: 0, resultDigest: '' }],
};
const compare = (readings: readonly StockReading[], result: typeof RESULT | undefined = RESULT) =>
  compareStocks(spec, result, readings, NOW_MS);
const wechat = (changes: Partial<StockReading> = {}, ageMs = 1_000): StockReading =>
  aStock('wechat', NOW_MS - ageMs, changes);
const alipay = aStock('alipay', NOW_MS - 2_000);
/** The channel does not tell this number. */
const without = (field: keyof StockReading): StockReading => {
  const { [field]: _, ...rest } = wechat();
  return rest as StockReading;
};

describe('stocks that are compared with spec.vouchers', () => {
  it('agree, as of the oldest reading', () => {
    expect(compare([wechat(), alipay])).toEqual({
      differences: [],
      unknown: [],
      untold: [],
      hasIssued: false,
      readAtMs: NOW_MS - 2_000,
    });
  });

  it.each([
    ['another face value', { faceValueFen: 4_000 }, ['CNY 40.00', 'CNY 50.00']],
    ['another minimum purchase', { minimumSpendFen: 0 }, ['CNY 0.00', 'CNY 100.00']],
    ['fewer vouchers than winners', { total: 899 }, ['899 vouchers', '900 winners']],
    ['a stock that is not started', { isRunning: false }, ['gives no vouchers now']],
  ])('differ: %s', (_, changes, words) => {
    const { differences, readAtMs } = compare([wechat(changes), alipay]);
    expect(differences).toHaveLength(1);
    expect(differences[0]?.channel).toBe('wechat');
    expect(readAtMs).toBeDefined();
    for (const word of [...words, 'stock-wechat', 'dining-50']) expect(differences[0]?.text).toContain(word);
  });

  it.each([
    ['as many vouchers as winners', { total: 900 }],
    ['more', { total: 1_000_000 }],
  ])('do not differ by the number of vouchers: %s', (_, changes) => {
    expect(compare([wechat(changes), alipay]).differences).toEqual([]);
  });

  it('need no vouchers and no start before there is a result', () => {
    const early = [wechat({ total: 0, isRunning: false }), alipay];
    expect(compareStocks(spec, undefined, early, NOW_MS).differences).toEqual([]);
    expect(compareStocks(spec, undefined, [wechat({ faceValueFen: 1 }), alipay], NOW_MS).differences).toHaveLength(1);
  });

  it.each([
    ['no pod has read it', []],
    ['it was read more than two minutes ago', [wechat({}, 120_001)]],
    ['a pod whose clock is ahead has read it', [wechat({}, -10_001)]],
  ])('are unknown: %s', (_, readings) => {
    expect(compare([...readings, alipay])).toMatchObject({ unknown: ['wechat'], readAtMs: undefined, differences: [] });
  });

  it('are those of the newest reading', () => {
    const old = wechat({ faceValueFen: 4_000 }, 60_000);
    expect(compare([old, wechat(), old, alipay]).differences).toEqual([]);
    expect(compare([wechat({ faceValueFen: 4_000 }, 500), wechat(), alipay]).differences).toHaveLength(1);
  });

  it('say what the channel does not tell', () => {
    expect(compare([without('faceValueFen'), alipay])).toMatchObject({
      differences: [],
      untold: ['wechat: the face value of dining-50'],
    });
    expect(compare([without('total'), alipay]).untold).toEqual(['wechat: the number of vouchers of dining-50']);
  });

  it.each([
    ['it has issued one', wechat({ issued: 1 }), true],
    ['it does not tell how many', without('issued'), true],
    ['it has issued none', wechat({ issued: 0 }), false],
  ])('were used before: %s', (_, reading, hasIssued) => {
    expect(compare([reading, alipay]).hasIssued).toBe(hasIssued);
  });
});
