/** Who authorised what, on a real kubelet with the chart's roles: read by an auditor when everything of it is deleted. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { liveTrailedLife, TRAILED_CAMPAIGN, TRAILED_STEPS, type TrailedLife } from '../helpers/audit-on-cluster.ts';
import { SHARED_CLUSTER } from '../helpers/cluster.ts';
import { type Platform, startPlatform } from '../helpers/platform.ts';

jest.setTimeout(420_000);

const ended = new AbortController();
const progress = (line: string): void => void process.stderr.write(`${line}\n`);
let platform: Platform;
let life: TrailedLife;

beforeAll(async () => {
  platform = await startPlatform(SHARED_CLUSTER, TRAILED_CAMPAIGN, ended.signal, progress);
  life = await liveTrailedLife(platform, progress);
});
afterAll(async () => {
  ended.abort();
  await platform?.stop();
});

describe('the trail of a campaign that is deleted, with its plans and its journal', () => {
  it('has every step once, in one chain', () => {
    const ids = life.entries.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(life.check.breaks).toEqual([]);
    expect(life.entries.map(({ step }) => step).toSorted()).toEqual(TRAILED_STEPS);
  });

  it('says who decided, for whom, by what, and when by the API server’s own clock', () => {
    expect(life.entries.find(({ step }) => step === 'plan_approved')).toMatchObject({
      by: 'system:serviceaccount:vouchers:owner',
      onBehalfOf: 'Bureau of Commerce',
      reference: 'CD-17',
    });
    // The server keeps whole seconds, and a busy one takes some; another clock would be further away.
    expect(life.decision.apart).toBeLessThan(30_000);
    expect(life.table).toMatch(/owner for Bureau of Commerce +plan \S+ approved: intake \d/);
    expect(life.table).toMatch(/operator +plan \S+ used: intake 2 → 4/);
  });

  it('is for readers only, who get nothing else by it', () => {
    const { 'an editor reads the trail': editor, ...others } = life.doors;
    expect(editor).toContain('you lack permission to read trails');
    for (const [door, answer] of Object.entries(others)) {
      expect([door, answer]).toEqual([door, expect.stringMatching(/forbidden|NotFound/i)]);
    }
  });
});
