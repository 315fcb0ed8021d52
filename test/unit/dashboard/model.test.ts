/** What the dashboard shows of a campaign: the truth tables of its model, its charts' history, and its words. */
import { describe, expect, it } from '@jest/globals';
import { createBoard } from '../../../cli/dashboard/board.ts';
import type { Look } from '../../../cli/dashboard/format.ts';
import type { Frame, SourceState } from '../../../cli/dashboard/frame.ts';
import { healthText, healthTexts } from '../../../cli/dashboard/health.ts';
import { modelOf, type Step } from '../../../cli/dashboard/model.ts';
import { updateOf, type View } from '../../../cli/dashboard/view.ts';
import type { VoucherCampaignSpec, VoucherCampaignStatus } from '../../../contract/types/campaign.ts';
import { DRAW, TRAFFIC, VERIFICATION } from '../../helpers/a-campaign.ts';
import { aPlan, aReport, aStatus, aTier, conditions, NOW_MS, type ReportChanges } from '../../helpers/a-status.ts';

const EN: Look = { language: 'en', isWall: false };
const ZH: Look = { language: 'zh-CN', isWall: false };
const LIVE: SourceState = { kind: 'live', ageMs: 200, failure: undefined, isGone: false };

const viewOf = (changes: ReportChanges = {}, look: Look = EN, source: SourceState = LIVE): View => {
  const board = createBoard();
  board.take({ report: aReport(changes), source });
  return board.view(look);
};
const part = (name: string, ...args: Parameters<typeof viewOf>): string =>
  (viewOf(...args).parts[name] ?? '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();

const CLOSED: Partial<VoucherCampaignSpec> = {
  window: { opensAt: '2020-09-25T19:00:00+08:00', closesAt: '2020-09-25T20:10:00+08:00' },
};
const ALL: Partial<VoucherCampaignSpec> = {
  verification: VERIFICATION,
  draw: { ...DRAW, sources: [{ name: 'drand', type: 'Drand' }] },
  issuance: { secretName: 's', channels: [] },
};

const stepsOf = (spec: Partial<VoucherCampaignSpec>, status: Partial<VoucherCampaignStatus>): readonly string[] =>
  modelOf(aReport({ spec, status: aStatus(status) }), []).steps.map(
    ({ name, value, waits, state }: Step) =>
      `${name} ${value ?? '?'}${waits === undefined ? '' : ` +${waits}`} ${state}`,
  );

describe('the steps from registration to voucher', () => {
  const notIssued = conditions({ type: 'Issued', status: 'False', reason: 'NotStarted' });
  const counted = { counts: { received: 900 }, backlog: 40, conditions: notIssued };
  const verifying = { tiers: { intake: aTier(), records: aTier(), verification: aTier({ backlog: 300 }) } };
  const listed = { ...counted, backlog: 0, draw: { phase: 'Frozen', frozenAt: '2020-09-25T12:12:00Z', entries: 850 } };
  const drawn = { ...listed, draw: { ...listed.draw, winners: 100, drawnAt: '2020-09-25T12:13:00Z' } };
  const issuing = { ...drawn, issuance: { startedAt: '2020-09-25T12:13:30Z', winners: 100, issued: 60, failed: 1 } };

  it.each<readonly [string, Partial<VoucherCampaignSpec>, Partial<VoucherCampaignStatus>, readonly string[]]>([
    ['open, the plain campaign', {}, counted, ['registered 900 +40 now', 'listed ? later']],
    [
      'open, nothing counted yet',
      {},
      { backlog: 0, counts: undefined as never },
      ['registered ? +0 later', 'listed ? later'],
    ],
    ['closed with a backlog', CLOSED, counted, ['registered 900 +40 now', 'listed ? later']],
    ['closed without one', CLOSED, { ...counted, backlog: 0 }, ['registered 900 +0 done', 'listed ? later']],
    [
      'verifying',
      { ...CLOSED, ...ALL },
      { ...counted, ...verifying },
      ['registered 900 +40 now', 'verified 600 +300 now', 'listed ? later', 'won ? later', 'issued ? later'],
    ],
    ['frozen', { ...CLOSED }, listed, ['registered 900 +0 done', 'listed 850 done']],
    [
      'issuing',
      { ...CLOSED, ...ALL },
      issuing,
      ['registered 900 +0 done', 'verified ? later', 'listed 850 done', 'won 100 done', 'issued 60 +39 now'],
    ],
    [
      'issued',
      { ...CLOSED, ...ALL },
      { ...issuing, conditions: conditions({ type: 'Issued', status: 'True' }) },
      ['registered 900 +0 done', 'verified ? later', 'listed 850 done', 'won 100 done', 'issued 60 +39 done'],
    ],
  ])('%s', (_, spec, status, expected) => {
    expect(stepsOf(spec, status)).toEqual(expected);
  });
});

describe('the one sentence', () => {
  const sentence = (changes: ReportChanges, language: Look['language']): string =>
    healthText(healthTexts(modelOf(aReport(changes), [])), language);

  it.each<readonly [string, ReportChanges, string, string]>([
    ['well', {}, 'Healthy: no action needed.', '运行正常，无需处理。'],
    [
      'a plan waits',
      { plans: [aPlan()] },
      'Needs a person: a ScalePlan waits for its owner.',
      '需要人工处理：扩容申请待负责人批准。',
    ],
    [
      'two plans wait',
      { plans: [aPlan(), aPlan({}, 'other')] },
      'Needs a person: 2 ScalePlans wait for their owners.',
      '需要人工处理：2 份扩容申请待负责人批准。',
    ],
    [
      'held at the ceiling',
      { status: aStatus({ tiers: { intake: aTier({ limitedBy: 'Ceiling' }) } }) },
      'Needs a person: intake held at the ceiling.',
      '需要人工处理：登记入口已达授权上限。',
    ],
    [
      'a grave condition comes first',
      { plans: [aPlan()], status: aStatus({ conditions: conditions({ type: 'JournalDurable', status: 'False' }) }) },
      'Unhealthy: JournalDurable; a ScalePlan waits for its owner.',
      '异常：登记日志持久可靠；扩容申请待负责人批准。',
    ],
    [
      'the operator is silent: no age, so that it is read out once',
      { statusAtMs: NOW_MS - 60_000 },
      'Unhealthy: the operator has not reported lately.',
      '异常：Operator 近期没有上报。',
    ],
    [
      'no operator',
      { status: undefined },
      'No operator has processed this campaign yet.',
      '尚无 Operator 处理该活动。',
    ],
  ])('%s', (_, changes, en, zh) => {
    expect(sentence(changes, 'en')).toBe(en);
    expect(sentence(changes, 'zh-CN')).toBe(zh);
  });
});

describe('the parts of the page', () => {
  it('show arrivals, backlog, replicas against the ceiling with the reason, and citizens in the database', () => {
    expect(part('figures')).toBe(
      'Arrivals 11,840 /s peak 11,900/s Backlog 12,300 oldest 8 s Intake replicas 12 / 20 Ready / ceiling · desired 12 ' +
        'Registered 4,812,330 citizens in the database Delay to the database 8 s age of the oldest registration in the backlog',
    );
    expect(part('tiers')).toContain('intake 12 12 20 20:00:33 arrivals need it');
    expect(part('tiers', {}, ZH)).toContain('登记入口 12 12 20 20:00:33 满足当前到达量');
  });

  it('show what is unknown as unknown, never as zero', () => {
    const { arrivalsPerSecond: _a, backlog: _b, counts: _c, ...unknown } = aStatus();
    const shown = part('figures', { status: unknown, decisions: undefined });
    expect(shown).toContain('Arrivals unknown');
    expect(shown).toContain('Backlog unknown');
    expect(shown).toContain('Registered unknown');
    expect(shown).not.toMatch(/\b0\b/);
  });

  it('show who waits, where there is a waiting room: none is zero, not unknown', () => {
    const waiting = { citizens: 635_000, ratePerSecond: 12_000, longestSeconds: 53 };
    const full = { status: aStatus({ waiting }) };
    expect(part('figures', full)).toContain('Citizens waiting 635,000 longest wait 53 s · 12,000 admitted per second');
    const [on, off] = [true, false].map((enabled) => ({
      spec: { traffic: { ...TRAFFIC, waitingRoom: { ...TRAFFIC.waitingRoom, enabled } } },
    }));
    expect(part('figures', on)).toContain('Citizens waiting 0 no one waits');
    expect(
      viewOf(on)
        .data.find(({ name }) => name === 'waiting')
        ?.data[1]?.at(-1),
    ).toBe(0);
    expect(part('figures', off)).not.toContain('Citizens waiting');
    expect(viewOf(off).charts).toEqual(['arrivals', 'replicas', 'backlog']);
  });

  it('name the plan with its command, and the same cluster in it', () => {
    const needs = part('needs', { plans: [aPlan()], options: { context: 'prod' } });
    expect(needs).toContain('ScalePlan spring-i30-16rc8 asks for ceilings of intake 30 expires 20:15:33 An owner');
    expect(needs).toContain('kubectl voucher approve spring-i30-16rc8 -n vouchers --context prod');
  });

  it('say of an old state how old it is, and not that the operator is silent', () => {
    const away: SourceState = { kind: 'live', ageMs: 90_000, failure: 'the API server does not answer', isGone: false };
    expect(part('stale')).toBe('');
    const shown = viewOf({ statusAtMs: NOW_MS - 91_000 }, EN, away);
    expect(shown.parts['stale']).toContain('Age: 1:30 min.');
    expect(shown.parts['stale']).toContain('the API server does not answer');
    expect(shown.parts['health']).toContain('Healthy');
    // The clock goes on.
    expect(shown.parts['clock']).toContain('20:14:09');
  });

  it('say that a campaign is gone', () => {
    expect(part('stale', {}, EN, { ...LIVE, isGone: true })).toContain('This campaign was deleted.');
  });

  it('say that a recording is one', () => {
    const replay: SourceState = { kind: 'replay', of: 'simulation', speed: 10, isOver: false };
    expect(part('source')).toBe('');
    expect(part('source', {}, EN, replay)).toBe('Simulation, not a real campaign · speed ×10');
    expect(part('source', {}, ZH, { ...replay, of: 'demo', speed: 1, isOver: true })).toBe('演示回放 · 回放已结束。');
  });

  it('escape every text of the campaign', () => {
    const evil = '"><script>alert(1)</script>';
    const { parts } = viewOf({
      spec: { title: { en: evil, 'zh-CN': evil } },
      status: aStatus({
        stage: evil,
        conditions: conditions({ type: 'Ready', status: 'False', message: evil, reason: evil }),
      }),
      plans: [aPlan({ summary: { en: evil, 'zh-CN': evil } }, `p${evil}`)],
    });
    const all = Object.values(parts).join('');
    expect(all).not.toContain('<script');
    expect(all).toContain('&lt;script&gt;');
  });
});

describe('an update', () => {
  it('has what changed, and is none when nothing did', () => {
    const [before, after] = [viewOf(), viewOf({ status: aStatus({ arrivalsPerSecond: 9 }) })];
    expect(updateOf(undefined, before)?.parts).toEqual(before.parts);
    expect(updateOf(before, viewOf())).toBeUndefined();
    const update = updateOf(before, after);
    expect(Object.keys(update?.parts ?? {}).toSorted()).toEqual(['figures', 'table-arrivals']);
    expect(update?.data).toHaveLength(3);
  });

  it('has another shape when the page needs another chart', () => {
    const status = { ...aStatus(), waiting: { citizens: 5, ratePerSecond: 1 } };
    expect(updateOf(viewOf(), viewOf({ status }))?.shape).toBe('arrivals waiting replicas backlog');
  });
});

describe('a campaign whose spec can’t be read', () => {
  it('is said so, with the field', () => {
    const report = aReport();
    const campaign = { ...report.campaign, spec: { ...report.campaign.spec, window: {} as never } };
    const board = createBoard();
    board.take({ report: { ...report, campaign }, source: LIVE } satisfies Frame);
    const { parts } = board.view(EN);
    expect(parts['health']).toContain('can’t be read');
    expect(parts['needs']).toContain('window');
  });
});
