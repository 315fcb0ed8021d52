import { describe, expect, it } from '@jest/globals';
import { OUTSIDE_METRICS } from '../../../contract/outside/outside.ts';
import { createOutsideReader, outsideReportOf } from '../../../operator/signals/outside-reports.ts';
import { aCampaign, VERIFICATION } from '../../helpers/a-campaign.ts';

const { requests, blocked } = OUTSIDE_METRICS;
const PAGE = [
  'process_start_time_seconds 1600999200.5',
  `${requests}{target="tencent",outcome="answered"} 41`,
  `${requests}{target="tencent",outcome="retry"} 2`,
  `${requests}{target="city",outcome="refused"} 1`,
  `${blocked}{target="tencent",reason="failing"} 0`,
  `${blocked}{target="city",reason="refused"} 1`,
  `${blocked}{target="city",reason="of_a_newer_release"} 1`,
  '',
].join('\n');

describe('A report on outside systems', () => {
  it('has the counts and blocks of each target', () => {
    expect(outsideReportOf('a', PAGE)).toEqual({
      pod: 'a',
      startedAtMs: 1_600_999_200_500,
      targets: {
        tencent: { counts: { answered: 41, retry: 2, quota: 0, refused: 0 }, blocked: [] },
        city: { counts: { answered: 0, retry: 0, quota: 0, refused: 1 }, blocked: ['refused'] },
      },
    });
  });

  it('is empty of a pod that has asked nothing', () => {
    expect(outsideReportOf('a', 'process_start_time_seconds 1\n').targets).toEqual({});
  });

  const unreadable: Record<string, string> = {
    'a page that was cut off': PAGE.slice(0, -1),
    'a page without the start time': `${requests}{target="a",outcome="answered"} 1\n`,
    'a count that is negative': `process_start_time_seconds 1\n${requests}{target="a",outcome="answered"} -1\n`,
    'no page at all': '<html>\n',
  };
  it.each(Object.entries(unreadable))('is not made of %s', (_, page) => {
    expect(() => outsideReportOf('a', page)).toThrow();
  });
});

describe('The reader of outside reports', () => {
  const never = new AbortController().signal;
  const pod = (name: string, adminUrl?: string) => ({
    name,
    tier: 'verification' as const,
    ready: false,
    createdAtMs: 0,
    ...(adminUrl === undefined ? {} : { adminUrl }),
  });
  const cluster = {
    tiers: {
      verification: {
        deployment: { name: 'v', replicas: 3, resourceVersion: '1' },
        pods: [pod('a', 'http://a'), pod('b', 'http://b'), pod('c')],
      },
    },
    plans: [],
  };
  const asked: string[] = [];
  const reader = createOutsideReader({
    page: async (url) => {
      asked.push(url);
      if (url === 'http://b') throw new Error('no answer');
      return PAGE;
    },
  });

  it('asks every pod that has an address, also one that drains, and leaves out the ones that do not answer', async () => {
    const reports = await reader.read(aCampaign({ spec: { verification: VERIFICATION } }), cluster, never);
    expect(reports.verification?.map(({ pod: name }) => name)).toEqual(['a']);
    expect(asked).toEqual(['http://a', 'http://b']);
  });

  it('asks no one for a campaign that asks no outside system', async () => {
    expect(await reader.read(aCampaign(), cluster, never)).toEqual({});
    expect(asked).toHaveLength(2);
  });
});
