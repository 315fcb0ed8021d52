/** What people decided or agreed on beforehand, on the screen of `kubectl voucher status`. */
import { describe, expect, it } from '@jest/globals';
import { backText, triggerText } from '../../../cli/contingency/contingency-words.ts';
import { rendered, width } from '../../../cli/status/screen.ts';
import { statusJson } from '../../../cli/status/status-json.ts';
import { listLines } from '../../../cli/status/status-list.ts';
import { type Report, standingOf } from '../../../cli/status/status-report.ts';
import { statusLines } from '../../../cli/status/status-words.ts';
import { contingencyAnnotation } from '../../../contract/names.ts';
import type { VoucherCampaignStatus } from '../../../contract/types/campaign.ts';
import type { ContingencyLevel, ContingencyStatus } from '../../../contract/types/contingency.ts';
import type { ScalePlan } from '../../../contract/types/scale-plan.ts';
import { instantAt } from '../../helpers/a-decision.ts';
import { aPlan, aReport, aStatus, conditions, NOW_S, type ReportChanges } from '../../helpers/a-status.ts';

const shown = (report: Report, columns = 100): string =>
  rendered(statusLines(report, { columns, output: 'table' }), { columns, isColoured: false }).join('\n');

const narrowDoor: ContingencyLevel = {
  name: 'narrow-door',
  title: { 'zh-CN': '限流登记', en: 'Fewer at a time' },
  trigger: { signal: 'OldestWaitSeconds', atLeast: 120, heldFor: '30s' },
  effect: { admissionPercent: 50 },
  back: { when: 'Clear', below: 30, heldFor: '2m' },
};
const moreTime: ContingencyLevel = {
  name: 'more-time',
  title: { 'zh-CN': '延长', en: 'More time' },
  effect: { extendClosing: '1h' },
};
const commanded: ContingencyStatus = {
  name: 'narrow-door',
  since: instantAt(800),
  by: 'Command',
  who: 'li.wei',
  reason: 'the database is slow',
  until: instantAt(1_800),
};
const IN_FORCE = {
  type: 'Contingency',
  status: 'True',
  reason: 'LevelInForce',
  message: 'In force: narrow-door.',
} as const;

const measured = (
  inForce: readonly ContingencyStatus[],
  status: Partial<VoucherCampaignStatus> = {},
  changes: ReportChanges = {},
): Report =>
  aReport({
    spec: { contingency: { levels: [narrowDoor, moreTime] } },
    status: aStatus({ contingency: inForce, conditions: conditions(IN_FORCE), ...status }),
    ...changes,
  });

describe('contingency levels in force', () => {
  it('are told once, on the campaign’s clock, with the command that ends them', () => {
    const text = shown(measured([commanded]));
    expect(text).toContain('! Needs a person: a contingency level is in force: narrow-door.\n');
    expect(text).toContain(
      `
  Contingency narrow-door by command of li.wei since 20:13:24 (45 s ago)
    admission reduced to 50 %; because the database is slow; it ends at 20:30:04
    → kubectl voucher contingency stop narrow-door spring -n vouchers
`.slice(1),
    );
    expect(text).not.toContain('Contingency=True');
    expect(text).toMatch(/admission +the capacity of the ready replicas; narrow-door: admission reduced to 50 %\n/);
  });

  it('are told where the spec no longer has them', () => {
    const text = shown(measured([{ ...commanded, name: 'gone', by: 'Trigger' }]));
    expect(text).toContain('Contingency gone by its trigger since 20:13:24');
  });

  it('do not hide a command that can’t be read', () => {
    const annotations = { [contingencyAnnotation('more-time')]: 'please' };
    expect(shown(measured([commanded], {}, { metadata: { annotations } }))).toContain('Contingency=True LevelInForce');
  });

  it('fit into narrow terminals', () => {
    for (const columns of [40, 60, 80]) {
      for (const text of shown(measured([commanded]), columns).split('\n')) {
        expect(width(text)).toBeLessThanOrEqual(columns);
      }
    }
  });

  it('are in the list of campaigns and in what programs get', () => {
    const report = measured([commanded]);
    const layout = { columns: 200, output: 'table', hasNamespaces: false } as const;
    const [, row] = rendered(listLines([report], layout), { columns: 200, isColoured: false });
    expect(row).toMatch(/! level narrow-door in force$/);
    expect(statusJson(report)).toMatchObject({ health: 'attention', contingency: [commanded], faults: [] });
  });

  it('say how they come and go', () => {
    expect([narrowDoor, moreTime].map(triggerText)).toEqual(['OldestWaitSeconds ≥ 120 for 30s', 'by command']);
    expect([narrowDoor, moreTime].map(backText)).toEqual(['below 30 for 2m', 'by command']);
    expect(backText({ ...narrowDoor, back: { when: 'After', after: '10m' } })).toBe('after 10m');
  });
});

describe('a closing that was moved', () => {
  const extending: ContingencyStatus = { name: 'more-time', since: instantAt(800), by: 'Command', reason: 'fairness' };

  it('counts everywhere, and the one that was stated is told beside it', () => {
    const report = measured([extending], { closesAt: '2020-09-25T23:00:00+08:00' });
    expect(shown(report)).toContain('closes 23:00:00 (in 2:45 h), extended from 22:00:00');
    expect(statusJson(report)).toMatchObject({ closesAt: '2020-09-25T23:00:00+08:00' });
  });

  it('is not promised by a level that came after closing', () => {
    const closesAt = '2020-09-25T20:10:00+08:00';
    const window = { opensAt: '2020-09-25T20:00:00+08:00', closesAt };
    const spec = { contingency: { levels: [moreTime] }, window };
    expect(shown(measured([extending], {}, { spec }))).toContain('closes 1h later, but it began after closing;');
    expect(shown(measured([{ ...extending, since: instantAt(500) }], {}, { spec }))).not.toContain('came after');
  });
});

describe('plans that do not wait', () => {
  const approved = (ceilingUntil: string): ScalePlan => ({
    ...aPlan({ decision: { verdict: 'Approved', decidedBy: 'li.wei', ceilingUntil } }),
    status: { state: 'Approved', decidedAt: instantAt(NOW_S - 60) },
  });

  it('tell what they grant, and until when', () => {
    const report = aReport({ plans: [approved(instantAt(7_200))] });
    expect(standingOf(report)).toMatchObject({ health: 'ok', plans: [] });
    expect(shown(report)).toMatch(/granted +intake 30 until 22:00:04 by li\.wei \(ScalePlan spring-i30-16rc8\)\n/);
    expect(statusJson(report)).toMatchObject({ grants: [{ name: 'spring-i30-16rc8', by: 'li.wei' }] });
  });

  it.each<[string, ScalePlan]>([
    ['a grant is over', approved(instantAt(NOW_S - 1))],
    [
      'a grant was revoked',
      {
        ...approved(instantAt(7_200)),
        spec: { ...approved(instantAt(7_200)).spec, revocation: { revokedBy: 'li.wei', reason: 'over' } },
      },
    ],
    ['one gave way to another', { ...aPlan(), status: { state: 'Superseded' } }],
  ])('say nothing when %s', (_sentence, plan) => {
    const report = aReport({ plans: [plan] });
    expect(standingOf(report)).toMatchObject({ health: 'ok', plans: [], grants: [] });
    expect(shown(report)).not.toContain(plan.metadata.name);
  });

  it('leave the word to the one that renews them', () => {
    const renewal = aPlan({}, 'spring-i30-2b');
    const report = aReport({ plans: [approved(instantAt(NOW_S + 300)), renewal] });
    expect(standingOf(report).plans).toEqual([renewal]);
    expect(shown(report)).toContain('kubectl voucher approve spring-i30-2b -n vouchers');
  });

  it('are told when the owner’s decision came too late', () => {
    const late = { type: 'PlanPending', status: 'False', reason: 'PlanVoid', message: 'It came too late.' } as const;
    expect(shown(aReport({ status: aStatus({ conditions: conditions(late) }) }))).toContain(
      '→ the operator asks again while the need lasts; answer that plan before it expires',
    );
  });
});
