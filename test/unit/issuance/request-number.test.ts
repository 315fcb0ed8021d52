/** Numbers of requests: they must never change once a campaign has issued. */
import { describe, expect, it } from '@jest/globals';
import { requestNumber } from '../../../app/issuance/request-number.ts';

const of = { campaignId: 'chengdu-2020', merchant: '1900000001', receipt: '0123456789ABCDEFGHJKMNPQRS', n: 1 };

describe('the number of a request', () => {
  it.each([
    [{}, 'a5d6764f802c5417ebb208b36dae8e52'],
    [{ n: 2 }, 'c31dc5100d967a3da8adc8fee906faa8'],
    [{ merchant: '2021000000000001' }, 'ff7f61f0bb0964393de14fa0a0ce8278'],
  ])('%j is fixed', (change, number) => {
    expect(requestNumber({ ...of, ...change })).toBe(number);
  });

  it('is in the form that every channel takes, and another one for each part', () => {
    const others = [
      {},
      { campaignId: 'chengdu-2021' },
      { merchant: '19000000011' },
      { receipt: `${of.receipt.slice(0, -1)}T` },
    ];
    const numbers = [1, 2, 3, 4, 11].flatMap((n) => others.map((change) => requestNumber({ ...of, n, ...change })));
    expect(new Set(numbers).size).toBe(numbers.length);
    for (const number of numbers) expect(number).toMatch(/^[0-9A-Za-z]{32}$/);
  });
});
