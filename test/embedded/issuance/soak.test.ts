/** The soak of issuance in short, without its rates: `npm run soak -- issuance` judges those. And its twin. */
import { describe, expect, it } from '@jest/globals';
import { disturbedBy, exactlyOnce, type IssuanceSoak, withIssuanceSoak } from '../../helpers/channels/issuance-soak.ts';
import { never } from '../../helpers/real-journal.ts';

const WINNERS = 360;
/** Of whom two have an answer that is lost at UnionPay. */
const FEWER = 120;
const soak = (changes: Partial<IssuanceSoak> = {}): IssuanceSoak => ({
  winners: WINNERS,
  perSecond: 30,
  pods: 2,
  killEveryMs: 10_000,
  mostKills: 1,
  outage: { times: 12 },
  disturbed: [0.1, 0.5],
  ackWaitMs: 4_000,
  signal: never,
  progress: () => undefined,
  ...changes,
});

describe(`${WINNERS} winners, killed pods, a channel that is down, and a journal that restarts`, () => {
  it('have exactly one voucher each by the channels’ own books', async () => {
    const run = await withIssuanceSoak(soak(), async (of) => of);
    expect(exactlyOnce(run, WINNERS)).toEqual({
      eachHasOne: true,
      eachIsKnown: true,
      noneIsMissingOrUnexpected: true,
      noneIsDouble: true,
    });
    expect(disturbedBy(run)).toEqual({
      kills: true,
      silent: true,
      falseLimit: true,
      throttled: true,
      outage: true,
      restart: true,
    });
  });
});

describe('sabotage: a fresh number on each retry', () => {
  it('issues twice, and the books show it', async () => {
    const undisturbed = [2, 3] as const;
    const sabotaged = soak({ sabotage: 'fresh-number', winners: FEWER, disturbed: undisturbed });
    const run = await withIssuanceSoak(sabotaged, async (of) => of);
    expect(exactlyOnce(run, FEWER)).toMatchObject({ eachHasOne: false, noneIsDouble: false });
    expect(run.issued.double.length).toBeGreaterThan(0);
  });
});
