import { describe, expect, it } from '@jest/globals';
import { rendered } from '../../../cli/status/screen.ts';
import { listLines } from '../../../cli/status/status-list.ts';
import type { Report } from '../../../cli/status/status-report.ts';
import { unreadableJson, unreadableLines, unreadableSpec } from '../../../cli/status/status-unreadable.ts';
import { aReport, aStatus, conditions } from '../../helpers/a-status.ts';

const COMMA = '2020-09-25T22:00:00,5+08:00';
const CONDITIONS = conditions(
  { type: 'Ready', status: 'False', reason: 'SpecUnreadable', message: 'spec.window.closesAt is …' },
  { type: 'JournalDurable', status: 'False', reason: 'NotSynced', message: 'The journal may forget.' },
);

/** @param spec what takes the place of the whole spec's fields */
const broken = (spec: object): Report => {
  const report = aReport({ status: aStatus({ conditions: CONDITIONS }) });
  return { ...report, campaign: { ...report.campaign, spec: { ...report.campaign.spec, ...spec } } };
};
/** As older CRDs, or none of the rules, would have left it. */
const BROKEN: readonly (readonly [string, object])[] = [
  ['an instant is none', { window: { opensAt: '2020-09-25T20:00:00+08:00', closesAt: COMMA } }],
  ['its window is missing', { window: undefined }],
  ['its title, scaling and levels are something else', { title: 7, scaling: 'much', contingency: { levels: 'all' } }],
];
const shown = (report: Report): string =>
  rendered(unreadableLines(report, unreadableSpec(report.campaign) ?? [], 100), {
    columns: 100,
    isColoured: false,
  }).join('\n');

describe('the status of a campaign whose spec can’t be read', () => {
  it.each(BROKEN)('is a short answer, also for programs: %s', (_, spec) => {
    const report = broken(spec);
    expect(shown(report)).toContain('✗ Unhealthy: its spec can’t be read, so the operator decides nothing');
    expect(shown(report)).toContain('→ kubectl edit vcamp spring -n vouchers');
    expect(unreadableJson(report, unreadableSpec(report.campaign) ?? [])).toMatchObject({
      campaign: 'spring',
      health: 'trouble',
      unreadable: expect.arrayContaining([{ path: expect.stringMatching(/^spec[.]/), problem: expect.any(String) }]),
      faults: [expect.objectContaining({ reason: 'SpecUnreadable' }), expect.objectContaining({ reason: 'NotSynced' })],
    });
  });

  it('names the field once, and every other condition that is not as it should be', () => {
    const text = shown(broken({ window: { opensAt: '2020-09-25T20:00:00+08:00', closesAt: COMMA } }));
    expect(text).toContain(`spec.window.closesAt is "${COMMA}", which is not an instant: write date`);
    expect(text.match(/spec[.]window[.]closesAt/g)).toHaveLength(1);
    expect(text).toContain('JournalDurable=False NotSynced');
  });

  it.each(BROKEN)('is a line among others, on top: %s', (_, spec) => {
    const reports = [aReport(), broken(spec)];
    const lines = rendered(listLines(reports, { columns: 300, output: 'wide', hasNamespaces: true }), {
      columns: 300,
      isColoured: false,
    });
    expect(lines[1]).toMatch(/can’t be read .*✗ correct spec[.]/);
    expect(lines[2]).toContain('✓ nothing');
  });

  it('leaves a sound one alone', () => {
    expect(unreadableSpec(aReport().campaign)).toBeUndefined();
  });
});
