import { describe, expect, it } from '@jest/globals';
import { rendered, width } from '../../../cli/status/screen.ts';
import { statusJson } from '../../../cli/status/status-json.ts';
import { listLines } from '../../../cli/status/status-list.ts';
import { type Report, standingOf } from '../../../cli/status/status-report.ts';
import { statusLines } from '../../../cli/status/status-words.ts';
import { VERIFICATION } from '../../helpers/a-campaign.ts';
import { aDecision } from '../../helpers/a-decision.ts';
import { aPlan, aReport, aStatus, aTier, conditions, NOW_MS } from '../../helpers/a-status.ts';

const shown = (report: Report, columns = 100, output: 'table' | 'wide' = 'table'): string =>
  rendered(statusLines(report, { columns, output }), { columns, isColoured: false }).join('\n');

const PENDING = { type: 'PlanPending', status: 'True', reason: 'AwaitingDecision' } as const;
const HELD = {
  intake: aTier({ ceiling: 12, limitedBy: 'Ceiling', ready: 11 }),
  records: aTier({ replicas: 4, ready: 4, desired: 4 }),
};
const inAFlood = (changes: Parameters<typeof aReport>[0] = {}) =>
  aReport({
    plans: [aPlan()],
    status: aStatus({ tiers: HELD, conditions: conditions(PENDING) }),
    decisions: { intake: [aDecision(29)] },
    ...changes,
  });

describe('how it goes', () => {
  it.each<[string, Report, string]>([
    ['every condition is as it should be', aReport(), 'ok'],
    ['a plan waits', inAFlood(), 'attention'],
    ['the ceiling holds a tier, and no plan waits', inAFlood({ plans: [] }), 'attention'],
    [
      'somebody overrules it',
      aReport({
        status: aStatus({ conditions: conditions({ type: 'Overridden', status: 'True', reason: 'Paused' }) }),
      }),
      'attention',
    ],
    [
      'the journal may forget',
      aReport({
        status: aStatus({ conditions: conditions({ type: 'JournalDurable', status: 'False', reason: 'NotSynced' }) }),
      }),
      'trouble',
    ],
    [
      'the journal refuses the intakes, and all else is well',
      aReport({
        status: aStatus({
          conditions: conditions({ type: 'AcceptingRegistrations', status: 'False', reason: 'CredentialsRefused' }),
        }),
      }),
      'trouble',
    ],
    [
      'the database is full',
      aReport({
        status: aStatus({ conditions: conditions({ type: 'RecordsAvailable', status: 'False', reason: 'DiskFull' }) }),
      }),
      'trouble',
    ],
    [
      'it has not opened yet',
      aReport({
        status: aStatus({
          conditions: conditions({ type: 'AcceptingRegistrations', status: 'False', reason: 'NotOpen' }),
        }),
      }),
      'ok',
    ],
    ['the operator is silent in a flood', aReport({ statusAtMs: NOW_MS - 45_000 }), 'trouble'],
    [
      'the operator is silent and nobody comes',
      aReport({ statusAtMs: 0, status: aStatus({ arrivalsPerSecond: 0, backlog: 0 }) }),
      'ok',
    ],
    [
      'nobody comes, and no operator has served the namespace for minutes',
      aReport({
        claim: { holder: 'voucher-system/voucher', writtenAtMs: NOW_MS - 7 * 60_000 },
        status: aStatus({ arrivalsPerSecond: 0, backlog: 0 }),
      }),
      'trouble',
    ],
    [
      'nobody comes, and an operator serves the namespace',
      aReport({
        claim: { holder: 'voucher-system/voucher', writtenAtMs: NOW_MS - 20_000 },
        status: aStatus({ arrivalsPerSecond: 0, backlog: 0 }),
      }),
      'ok',
    ],
    ['there is no status', aReport({ status: undefined }), 'unknown'],
  ])('%s', (_sentence, report, health) => {
    expect(standingOf(report).health).toBe(health);
  });
});

describe('the screen', () => {
  it('answers first, then says what to do, then shows the figures', () => {
    expect(shown(inAFlood())).toBe(
      `
spring  春季消费券 · Spring vouchers                                              20:14:09 UTC+08:00
Open in namespace vouchers
opened 20:00:00 (14:09 min ago), closes 22:00:00 (in 1:45 h)

! Needs a person: a plan waits for its owner.

  ScalePlan spring-i30-16rc8 for the present load
    It asks for ceilings of intake 30 and waits until 20:15:33 (in 1:24 min); until then the tiers
    serve at the ceiling. An owner authorises it with:
    → kubectl voucher approve spring-i30-16rc8 -n vouchers

  arrivals   11,840/s                          ▁▁▅█████████████████  peak 11,900/s
  backlog    12,300 wait, the oldest for 8 s   ▁▁▄███▇▇▇▆▆▆▅▅▅▅▄▄▄▆  peak 17,250
  admission  the capacity of the ready replicas
  recorded   4,812,330 registrations

  TIER     READY  DESIRED  CEILING  TEN MINUTES           SINCE     WHY
  intake      11       12       12  ▃▃██████████████████  20:00:33  demand needs 16, and the
                                                                    authorised ceiling is 12
  records      4        4       20  ▅▅▅█████████████████  20:01:04  arrivals need it`.slice(1),
    );
  });

  it.each<[string, Partial<Parameters<typeof aStatus>[0]>, string]>([
    [
      'what it waits for',
      {
        draw: { phase: 'Waiting' },
        conditions: [
          {
            type: 'ListFrozen',
            status: 'False',
            reason: 'WaitingForMargin',
            message: 'Pods may still store what they accepted.',
            lastTransitionTime: '2027-03-01T12:00:00.000Z',
          },
        ],
      },
      '  list       Pods may still store what they accepted.',
    ],
    [
      'that it is frozen',
      { draw: { phase: 'Frozen', frozenAt: new Date(NOW_MS - 60_000).toISOString() } },
      '  list       frozen 20:13:09 (1:00 min ago); the list is not made yet',
    ],
    [
      'its digest',
      {
        draw: {
          phase: 'Listed',
          frozenAt: new Date(NOW_MS - 60_000).toISOString(),
          entries: 3_310,
          lists: [{ voucher: 'dining', entries: 3_310, digest: 'ab12' }],
        },
      },
      'dining: 3,310 entries, digest ab12',
    ],
  ])('says of the list of the draw %s', (_sentence, status, text) => {
    expect(shown(aReport({ status: aStatus(status) }))).toContain(text);
  });

  it('says what the draw waits for, and its result', () => {
    const lists = [{ voucher: 'dining', entries: 3_310, digest: 'ab12' }];
    const listed = { phase: 'Listed', frozenAt: new Date(NOW_MS - 60_000).toISOString(), lists };
    const condition = (type: string, status: 'True' | 'False', message: string) => {
      return { type, status, reason: 'Any', message, lastTransitionTime: '2027-03-01T12:00:00.000Z' };
    };
    const drawShown = (draw: object, committed: 'True' | 'False'): string => {
      const conditions = [
        condition('DrawCommitted', committed, 'An owner must act.'),
        condition('Drawn', 'False', 'Wait.'),
      ];
      return shown(aReport({ status: aStatus({ draw: { ...listed, ...draw }, conditions }) }));
    };
    expect(drawShown({}, 'False')).toContain('  draw       An owner must act.');
    expect(drawShown({ phase: 'Committed' }, 'True')).toContain('  draw       Wait.');
    const results = [{ voucher: 'dining', winners: 1_000, waitlisted: 100, seed: 'ab', digest: 'cd' }];
    const drawnAt = new Date(NOW_MS - 60_000).toISOString();
    expect(drawShown({ phase: 'Drawn', drawnAt, results }, 'True')).toContain(
      '  draw       drawn 20:13:09 (1:00 min ago); dining: 1,000 win, 100 wait',
    );
  });

  it('says so when nothing needs anybody', () => {
    expect(shown(aReport())).toContain('✓ Healthy: no action needed.\n\n  arrivals');
  });

  it('names what is wrong, since when, and the remedy', () => {
    const paused = {
      type: 'Overridden',
      status: 'True',
      reason: 'Paused',
      message: 'No replicas are written.',
    } as const;
    expect(shown(aReport({ status: aStatus({ conditions: conditions(paused) }) }))).toContain(
      `
  Overridden=True Paused since 20:00:04 (14:05 min ago)
    No replicas are written.
    → it ends by itself; to end it now: kubectl voucher resume spring -n vouchers
`.slice(1),
    );
  });

  it('tells what is grave before what is not', () => {
    const grave = { type: 'JournalDurable', status: 'False', reason: 'NotSynced' } as const;
    const text = shown(inAFlood({ status: aStatus({ tiers: HELD, conditions: conditions(PENDING, grave) }) }));
    expect(text).toContain('✗ Unhealthy: JournalDurable; a plan waits for its owner.');
    expect(text.indexOf('JournalDurable=False')).toBeLessThan(text.indexOf('ScalePlan'));
  });

  it('leads to the ceiling where one holds and nothing asks for more', () => {
    expect(shown(inAFlood({ plans: [] }))).toContain(
      '→ kubectl voucher authorize spring -n vouchers --ceiling intake=…',
    );
  });

  it('leads to doctor where no operator looks', () => {
    const text = shown(aReport({ status: undefined }));
    expect(text).toContain('? No operator has processed it yet: kubectl voucher doctor spring -n vouchers says why.');
    expect(text).toContain('was due to open 20:00:00');
    expect(shown(aReport({ statusAtMs: NOW_MS - 45_000 }))).toContain('the operator has reported nothing for 45 s');
  });

  it.each([40, 60, 79, 80, 100, 140])('fits into %d columns', (columns) => {
    // A command is the one thing that is cut rather than broken.
    for (const report of [aReport(), inAFlood(), aReport({ status: undefined })]) {
      for (const text of shown(report, columns).split('\n')) expect(width(text)).toBeLessThanOrEqual(columns);
    }
  });

  it('keeps the context for the next command', () => {
    const text = shown(inAFlood({ options: { context: 'prod' } }));
    expect(text).toContain('approve spring-i30-16rc8 -n vouchers --context prod');
    expect(text).toContain('in namespace vouchers, context prod');
  });

  it('shows every condition and limit when asked for all', () => {
    const text = shown(aReport(), 160, 'wide');
    expect(text).toContain('2..600');
    expect(text).toMatch(/CONDITION +STATUS +REASON +SINCE +MESSAGE/);
    expect(text).toContain('JournalDurable');
    expect(shown(aReport(), 160)).not.toContain('JournalDurable');
  });

  it('shows what is known where no log of decisions is to be read', () => {
    const text = shown(inAFlood({ decisions: undefined }));
    expect(text).toMatch(/arrivals +11,840\/s +·+█/);
    expect(text).toMatch(/intake +11 +12 +12 +·+█ +- +demand needs 12/);
  });
});

describe('a list of campaigns', () => {
  const lines = (hasNamespaces: boolean) =>
    rendered(listLines([aReport(), inAFlood()], { columns: 200, output: 'table', hasNamespaces }), {
      columns: 200,
      isColoured: false,
    });

  it('has the one on top that needs somebody', () => {
    const [titles, first, second] = lines(true);
    expect(titles).toMatch(/^NAMESPACE +NAME +STAGE +WINDOW +RATE\/S +BACKLOG +WAIT +INTAKE +RECORDS +NEEDS$/);
    expect(first).toMatch(
      /^vouchers +spring +Open +closes in 1:45 h +11,840 +12,300 +8 s +11\/12\/12 .*! plan spring-i30-16rc8 waits$/,
    );
    expect(second).toMatch(/✓ nothing$/);
    expect(lines(false)[0]).toMatch(/^NAME /);
    expect(lines(false).at(-1)).toMatch(/^INTAKE and RECORDS are ready/);
  });

  it('has a column for every tier that one of them has', () => {
    const verifying = aReport({
      spec: { verification: VERIFICATION },
      status: aStatus({ tiers: { verification: aTier() } }),
    });
    const [titles, ...rows] = rendered(
      listLines([aReport(), verifying], { columns: 200, output: 'table', hasNamespaces: false }),
      { columns: 200, isColoured: false },
    );
    expect(titles).toMatch(/INTAKE +RECORDS +VERIFICATION +NEEDS$/);
    expect(rows[0]).toMatch(/ 12\/12\/20 +4\/4\/4 +- +✓/);
    expect(rows[1]).toMatch(/ - +- +12\/12\/20 +✓/);
    expect(rows.at(-1)).toMatch(/^INTAKE, RECORDS and VERIFICATION are ready/);
  });
});

describe('for programs', () => {
  it('has fields that stay, with null for what is not known', () => {
    const value = statusJson(inAFlood());
    expect(value).toMatchObject({
      campaign: 'spring',
      namespace: 'vouchers',
      health: 'attention',
      stage: 'Open',
      arrivalsPerSecond: 11_840.2,
      headroom: null,
      tiers: { intake: { ready: 11, desired: 12, ceiling: 12, isHeld: false } },
      plansWaiting: [{ name: 'spring-i30-16rc8', authorise: 'kubectl voucher approve spring-i30-16rc8 -n vouchers' }],
    });
    expect(statusJson(aReport({ status: undefined }))).toMatchObject({ health: 'unknown', stage: null, tiers: {} });
  });
});
