import { describe, expect, it } from '@jest/globals';
import { changedSpec, parseSweep, type SweepValue, sweep, sweepTable } from '../../../../cli/simulate/sweep.ts';
import type { VoucherCampaignSpec } from '../../../../contract/types/campaign.ts';
import { aResult } from './a-result.ts';

describe('what is swept', () => {
  it.each<[string, string, readonly SweepValue[]]>([
    ['ceiling=300,100,200,100', 'ceiling', [100, 200, 300]],
    ['forecast=10..45:10', 'forecast', [10, 20, 30, 40]],
    ['scaling.targetUtilisation=0.1..0.3:0.1', 'scaling.targetUtilisation', [0.1, 0.2, 0.3]],
    ['scaling.drain.mode=additive,economical', 'scaling.drain.mode', ['additive', 'economical']],
    ['scaling.drainWithin=30s,2m', 'scaling.drainWithin', ['30s', '2m']],
    ['a.b=true,false', 'a.b', [true, false]],
  ])('%s', (text, field, values) => {
    expect(parseSweep(text)).toEqual({ field, values });
  });

  it.each([
    ['ceiling', 'write FIELD=10,20,40 or FIELD=10..40:10'],
    ['=1,2', 'write FIELD=10,20,40'],
    ['ceiling=', 'write FIELD=10,20,40'],
    ['ceiling=1,,2', 'a value is empty'],
    ['ceiling=5', 'at least two values'],
    ['ceiling=5..1:1', 'count upwards'],
    ['ceiling=1..5:0', 'count upwards'],
    ['ceiling=1..1000000000:1', '50 values at most'],
  ])('%s is refused', (text, says) => {
    expect(parseSweep(text)).toEqual({ error: expect.stringContaining(says) });
  });
});

describe('a changed spec', () => {
  const spec = {
    scaling: {
      authorized: {
        ceilings: { intake: 20, records: 4 },
        windows: [{ from: 'a', until: 'b', ceilings: { intake: 40 } }],
      },
      tiers: { intake: { min: 2 }, records: { min: 1 } },
    },
  } as unknown as VoucherCampaignSpec;
  const changed = (field: string, tier: 'intake' | 'records' = 'intake') => changedSpec(spec, field, 7, tier);

  it('has the ceiling in every window, too: one that is wider would hide it', () => {
    expect(changed('ceiling')).toMatchObject({
      scaling: {
        authorized: { ceilings: { intake: 7, records: 4 }, windows: [{ from: 'a', ceilings: { intake: 7 } }] },
      },
    });
  });

  it('is of the tier that is asked for', () => {
    expect(changed('capacityPerReplica', 'records')).toMatchObject({
      scaling: { tiers: { intake: { min: 2 }, records: { min: 1, capacityPerReplica: 7 } } },
    });
  });

  it('knows the forecast and every path, with spec. or without', () => {
    expect(changed('forecast')).toMatchObject({ scaling: { peakArrivalsPerSecond: 7 } });
    expect(changed('spec.scaling.tiers.intake.min')).toEqual(changed('scaling.tiers.intake.min'));
    expect(changed('scaling.authorized.windows[0].ceilings.intake')).toMatchObject({
      scaling: { authorized: { ceilings: { intake: 20 }, windows: [{ from: 'a', ceilings: { intake: 7 } }] } },
    });
  });

  it('leaves the spec that was read as it is, and no name reaches a prototype', () => {
    changed('ceiling');
    changed('__proto__.polluted');
    expect(spec.scaling.authorized.ceilings.intake).toBe(20);
    expect({}).not.toHaveProperty('polluted');
    expect(changed('constructor')).toMatchObject({ constructor: 7 });
  });
});

describe('what a sweep says', () => {
  const summary = (
    figures: readonly (readonly [value: SweepValue, late: number, podHours: number])[],
    field = 'ceiling',
  ) => {
    const runs = figures.map(([value, lateOver5Seconds, podHours]) => ({
      value,
      result: aResult({ lateOver5Seconds, podSeconds: 3_600 * podHours }),
    }));
    return sweep(field, runs, 'voucher-operator', undefined).summary;
  };

  it('names the value above which nothing is won, and what more costs', () => {
    expect(
      summary([
        [80, 40_000, 10],
        [160, 29_969, 15],
        [600, 29_969, 40],
      ]),
    ).toBe('Above 160, more replicas save no citizen. At 160: 29,969 late, 15 pod-hours; at 600: 25 pod-hours more.');
  });

  it('takes few for none, and says how few', () => {
    expect(
      summary([
        [80, 40_000, 10],
        [1_160, 29_969, 15],
        [6_000, 29_819, 15],
      ]),
    ).toBe('Above 1,160, more replicas save at most 150 citizens. At 1,160: 29,969 late, 15 pod-hours.');
  });

  it('does not end where the values end', () => {
    expect(
      summary([
        [80, 40_000, 10],
        [160, 20_000, 15],
      ]),
    ).toBe('Each step up to 160 saves citizens, and a higher value may save more. At 160: 20,000 late, 15 pod-hours.');
    expect(
      summary([
        [80, 40_000, 10],
        [160, 0, 15],
      ]),
    ).toBe('Only at 160 no citizen is late: 0 late, 15 pod-hours.');
  });

  it('says that a value is the best where more is worse, and where values are no numbers', () => {
    expect(
      summary(
        [
          [10, 100, 5],
          [20, 4_000, 3],
        ],
        'capacityPerReplica',
      ),
    ).toBe('Fewest late citizens with capacityPerReplica 10: 100 late, 5 pod-hours.');
    expect(
      summary(
        [
          ['economical', 4_000, 3],
          ['additive', 100, 5],
        ],
        'scaling.drain.mode',
      ),
    ).toBe('Fewest late citizens with scaling.drain.mode additive: 100 late, 5 pod-hours.');
  });

  it('says that a field makes no difference', () => {
    expect(
      summary([
        [10, 7, 5],
        [20, 7, 3],
      ]),
    ).toBe('ceiling makes no difference to citizens here: 7 are late at every value. Fewest pod-hours with 20: 3.');
  });

  it('ends the table', () => {
    const runs = [10, 1_000].map((value) => ({ value, result: aResult({ lateOver5Seconds: 20 }) }));
    expect(sweepTable(sweep('ceiling', runs, 'keda-expert', 2))).toBe(
      [
        'ceiling  late (> 5 s)  99 % wait  pod-hours  cost  ScalePlans',
        '10                 20       16 s         10    20           -',
        '1,000              20       16 s         10    20           -',
        '',
        'ceiling makes no difference to citizens here: 20 are late at every value.',
        '',
      ].join('\n'),
    );
  });
});
