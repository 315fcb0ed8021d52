import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { admitCampaign } from '../../../admission/admission.ts';
import { demoCampaign } from '../../../local/demo/campaign.ts';
import { strike, strikesFor, VICTIMS } from '../../../local/demo/chaos.ts';
import { PROFILES } from '../../../local/demo/profile.ts';
import { durationSeconds, rateAt } from '../../../local/load/arrivals.ts';
import { demoFast } from '../../../local/load/published-trace.ts';

const example = readFileSync(join(import.meta.dirname, '../../../examples/chengdu-2020-phase-3.yaml'), 'utf8');
const window = { opensAtMs: Date.UTC(2026, 0, 1), closesAtMs: Date.UTC(2026, 0, 2) };

describe('the demo’s campaign', () => {
  it.each(Object.values(PROFILES))('$name is admitted with its overrides in force', (profile) => {
    const { yaml } = demoCampaign(example, window, profile.overrides);
    const admission = admitCampaign(yaml);
    expect(admission).toMatchObject({
      kind: 'admitted',
      campaign: {
        spec: {
          campaignId: 'chengdu-2020-3',
          window: { opensAt: '2026-01-01T00:00:00.000Z' },
          scaling: { authorized: { ceilings: { intake: 6 }, windows: [] }, tiers: { records: { max: 2 } } },
        },
      },
    });
    if (admission.kind === 'admitted') expect(admission.campaign.spec.traffic.admissionPerSecond).toBeUndefined();
  });

  it('prints every change with its reason', () => {
    const { changes } = demoCampaign(example, window, PROFILES.fast.overrides);
    expect(changes).toHaveLength(PROFILES.fast.overrides.length + 2);
    expect(changes[0]).toBe(
      'spec.window.opensAt: 2020-09-21T10:00:00+08:00 → 2026-01-01T00:00:00.000Z (the demo opens soon)',
    );
    expect(changes.join('\n')).toContain('spec.traffic.admissionPerSecond: 5000 → not set');
  });

  it('says what is wrong with a file that is no campaign', () => {
    expect(() => demoCampaign('a: [', window, [])).toThrow('not YAML');
    expect(() => demoCampaign('a: 1', window, [])).toThrow('no spec');
    expect(() => demoCampaign('just text', window, [])).toThrow('no spec');
  });
});

describe('chaos', () => {
  const trace = demoFast();
  const processes = [
    { name: 'intake-b', role: 'intake', id: '12' },
    { name: 'intake-a', role: 'intake', id: '11' },
    { name: 'nats-0', role: 'nats', id: '21' },
  ] as const;

  it.each(['embedded', 'cluster'] as const)('strikes each kind once, while the crowd is there: %s', (mode) => {
    const strikes = strikesFor(trace, mode);
    expect(strikes.map(({ role }) => role)).toEqual(VICTIMS[mode]);
    for (const { atSeconds } of strikes) {
      expect(rateAt(trace, atSeconds)).toBe(150);
      expect(atSeconds).toBeLessThan(durationSeconds(trace));
    }
  });
  it('kills the first of its role and says whom', () => {
    const ids: string[] = [];
    const killed = strike({ atSeconds: 14, role: 'intake' }, processes, ({ id }) => ids.push(id), 15_000, 1000);
    expect(ids).toEqual(['11']);
    expect(killed).toMatchObject({ name: 'intake-a', id: '11', secondsAfterOpening: 14 });
  });
  it('admits that nobody was there', () => {
    expect(strike({ atSeconds: 14, role: 'records' }, processes, () => undefined, 0, 0)).toBeUndefined();
  });
});
