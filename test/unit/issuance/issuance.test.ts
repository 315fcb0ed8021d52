/** Commands, channels that stand still, and how issuance is shown. */
import { describe, expect, it } from '@jest/globals';
import type { Channel } from '../../../contract/envelope.ts';
import { channelStopAnnotation, ISSUE_START } from '../../../contract/names.ts';
import type { BookFact } from '../../../contract/outside/books.ts';
import type { OutsideShares } from '../../../contract/outside/outside.ts';
import { NO_BOOKS } from '../../../operator/books/balance.ts';
import { channelsReachable } from '../../../operator/conditions/outside-reachable.ts';
import type { ConditionInput } from '../../../operator/conditions/verdict.ts';
import { issuanceCommandsOf } from '../../../operator/issuance/commands.ts';
import { haltsOf } from '../../../operator/issuance/halts.ts';
import { issued } from '../../../operator/issuance/issuance-conditions.ts';
import { issuanceEvents } from '../../../operator/issuance/issuance-events.ts';
import { issuanceRequest } from '../../../operator/issuance/issuance-request.ts';
import { issuanceStatus } from '../../../operator/issuance/issuance-status.ts';
import type { HandOut, Standing } from '../../../operator/outside/hand-out.ts';
import type { Observed } from '../../../operator/tick/observed.ts';
import { aCampaign, CLOSES_AT_MS } from '../../helpers/a-campaign.ts';
import { aConditionInput, NO_CONTINGENCY } from '../../helpers/condition-input.ts';
import { anIssuingCampaign, aStart, aStock, drawnChain } from '../../helpers/issuance-campaign.ts';
import { anObserved } from '../../helpers/observed.ts';
import { anInForce, aTarget } from '../../helpers/outside.ts';

const NOW_MS = CLOSES_AT_MS + 3_600_000;
const START = { [ISSUE_START]: 'by owner (result abababababababab)' };
const OTHER = { [ISSUE_START]: 'by owner (result 0123456789abcdef)' };
const STOP = { [channelStopAnnotation('wechat')]: 'by li.wei: wrong scope' };

interface World {
  readonly annotations?: Readonly<Record<string, string>>;
  /** Steps of the draw; 4: it is announced. */
  readonly steps?: number;
  readonly stocks?: readonly ReturnType<typeof aStock>[];
  readonly isStarted?: boolean;
  readonly issuance?: Observed['issuance'];
  readonly facts?: readonly (readonly [BookFact, number, (Channel | '')?])[];
  readonly stored?: OutsideShares['targets'];
  readonly effects?: ConditionInput['contingency']['effects'];
  readonly standings?: readonly Standing[];
}

const agreeing = [aStock('wechat', NOW_MS), aStock('alipay', NOW_MS)];

const standing = (name: string, changes: Partial<Standing> = {}): Standing => ({
  ...aTarget({ name }),
  state: 'asked',
  refusedPods: [],
  isReported: true,
  ...changes,
});

const inputOf = (world: World = {}): ConditionInput => {
  const { annotations = {}, steps = 4, stocks = agreeing, isStarted = false, facts, stored = {}, effects = {} } = world;
  const totals = facts?.map(([fact, receipts, channel = '']) => ({ fact, receipts, channel, voucher: 'dining-50' }));
  return aConditionInput({
    campaign: anIssuingCampaign(annotations),
    nowMs: NOW_MS,
    contingency: { ...NO_CONTINGENCY, effects },
    handOuts: {
      issuance: {
        standings: world.standings ?? [standing('wechat'), standing('alipay')],
      } as unknown as HandOut,
    },
    observed: anObserved({
      draw: { kind: 'known', chain: drawnChain(1_000, steps) },
      issuance: world.issuance ?? { kind: 'known', ...(isStarted ? { start: aStart() } : {}) },
      ...(totals === undefined
        ? {}
        : { books: { ...NO_BOOKS, ours: [{ atMs: NOW_MS, totals, completeToMs: undefined }] } }),
      outside: {
        reports: { issuance: [{ pod: 'p', startedAtMs: 0, targets: {}, stocks }] },
        known: () => ({ inForce: anInForce({ value: { v: 1, targets: stored } }), memory: undefined }),
        nowMs: 0,
      },
    }),
  });
};

describe('commands about issuance', () => {
  it('are annotations with the name of the person', () => {
    const { start, stops, unreadable } = issuanceCommandsOf(anIssuingCampaign({ ...START, ...STOP }));
    expect([start, unreadable]).toEqual([{ by: 'owner', result: 'abababababababab' }, []]);
    expect([...stops]).toEqual([['wechat', { by: 'li.wei', reason: 'wrong scope' }]]);
  });

  it.each([
    ['a start without a name', { [ISSUE_START]: 'yes' }],
    ['a stop without a name', { [channelStopAnnotation('wechat')]: 'now' }],
    ['a stop of a channel that the campaign does not have', { [channelStopAnnotation('unionpay')]: 'by a: b' }],
  ])('that can’t be read are reported: %s', (_, annotations) => {
    const { start, unreadable } = issuanceCommandsOf(anIssuingCampaign(annotations));
    expect(start).toBeUndefined();
    expect(unreadable).toEqual([expect.stringContaining(Object.keys(annotations)[0] ?? '')]);
  });

  it('stop a channel even if the command can’t be read', () => {
    const { stops } = issuanceCommandsOf(anIssuingCampaign({ [channelStopAnnotation('wechat')]: 'now' }));
    expect([...stops.keys()]).toEqual(['wechat']);
  });
});

describe('the order to start', () => {
  const orderOf = (world: World) => {
    const { campaign, observed } = inputOf(world);
    return issuanceRequest(campaign, observed, NOW_MS).order;
  };

  it('is there once the draw is announced, an owner commanded it, and every stock agrees', () => {
    expect(orderOf({ annotations: START })).toMatchObject({ by: 'owner', queryFirst: false, readAtMs: NOW_MS });
  });

  it.each<[string, World]>([
    ['the draw is not announced', { annotations: START, steps: 3 }],
    ['no owner commanded it', {}],
    ['a stock is not known', { annotations: START, stocks: agreeing.slice(1) }],
    [
      'a stock differs',
      { annotations: START, stocks: [aStock('wechat', NOW_MS, { total: 999 }), ...agreeing.slice(1)] },
    ],
  ])('is not there when %s', (_, world) => {
    expect(orderOf(world)).toBeUndefined();
  });
});

describe('channels that stand still', () => {
  const reasons = (world: World) => {
    const { campaign, observed } = inputOf(world);
    return Object.fromEntries([...haltsOf(campaign, observed, NOW_MS)].map(([name, { reason }]) => [name, reason]));
  };
  const differing = [aStock('wechat', NOW_MS, { faceValueFen: 1 }), ...agreeing.slice(1)];
  const wasStopped = (reason: string): OutsideShares['targets'] => ({
    wechat: { perSecond: {}, stopped: { reason, since: '2020-09-25T12:00:00.000Z' } },
  });
  it.each<[string, World, object]>([
    ['none', { isStarted: true }, {}],
    ['a person stopped it, before the start', { annotations: STOP }, { wechat: 'command' }],
    [
      'a person stopped it, and its stock differs',
      { isStarted: true, annotations: STOP, stocks: differing },
      { wechat: 'command' },
    ],
    ['its stock differs', { isStarted: true, stocks: differing }, { wechat: 'SettingsDiffer' }],
    ['its stock differs before the start', { stocks: differing }, {}],
    [
      'it differed, and is not known now',
      { isStarted: true, stocks: agreeing.slice(1), stored: wasStopped('SettingsDiffer') },
      { wechat: 'SettingsDiffer' },
    ],
    ['it is not known, and did not differ', { isStarted: true, stocks: agreeing.slice(1) }, {}],
    ['it differed, and agrees now', { isStarted: true, stored: wasStopped('SettingsDiffer') }, {}],
    [
      'its books differed, and it was not compared since',
      { isStarted: true, stored: wasStopped('BooksDiffer') },
      { wechat: 'BooksDiffer' },
    ],
    ['pods saw it fail', { isStarted: true, stored: wasStopped('failing') }, {}],
  ])('%s', (_, world, expected) => {
    expect(reasons(world)).toEqual(expected);
  });

  it('are those whose books differ', () => {
    const { campaign, observed } = inputOf({ isStarted: true });
    const check = {
      channel: 'wechat',
      voucher: 'dining-50',
      atMs: NOW_MS,
      theirs: 3,
      issued: 2,
      open: 0,
      result: 'moreThere',
      isConfirmed: true,
    } as const;
    const books = { ...NO_BOOKS, checks: { 'wechat dining-50': check } };
    expect([...haltsOf(campaign, { ...observed, books }, NOW_MS).keys()]).toEqual(['wechat']);
    const verdict = issued({ ...inputOf({ isStarted: true }), observed: { ...observed, books } });
    expect(verdict).toMatchObject({
      reason: 'ChannelStopped',
      message: expect.stringContaining('its books differ: wechat'),
    });
  });
});

describe('the condition Issued', () => {
  const COUNTS = [
    ['won', 1_000],
    ['waiting', 100],
    ['issuing', 40, 'wechat'],
    ['issued', 800, 'wechat'],
    ['issued', 57, 'alipay'],
    ['issue_failed', 3],
    ['failed_attempts', 5, 'wechat'],
  ] as const;
  const all = [
    ['won', 1_000],
    ['issued', 1_000, 'wechat'],
  ] as const;
  it.each<[string, World, string, readonly string[]]>([
    ['the draw is not announced', { steps: 3 }, 'NotDrawn', ['Drawn']],
    [
      'a stock differs already',
      { steps: 0, stocks: [aStock('wechat', NOW_MS, { faceValueFen: 1 })] },
      'SettingsDiffer',
      ['CNY 0.01', 'CNY 50.00'],
    ],
    ['no owner started it', {}, 'WaitingForAuthorization', ['kubectl voucher issue start chengdu -n vouchers']],
    ['the command can’t be read', { annotations: { [ISSUE_START]: 'yes' } }, 'CommandUnreadable', [ISSUE_START]],
    ['the command names another result', { annotations: OTHER }, 'WaitingForAuthorization', ['another result']],
    ['the command is of an earlier form', { annotations: { [ISSUE_START]: 'by owner' } }, 'CommandUnreadable', []],
    ['a stock is not known', { annotations: START, stocks: [] }, 'StocksUnknown', ['owner', 'wechat, alipay']],
    ['it is about to start', { annotations: START }, 'Starting', ['owner']],
    ['it has begun, and nothing is counted', { isStarted: true }, 'Issuing', ['not known yet']],
    [
      'it is under way',
      { isStarted: true, facts: COUNTS },
      'Issuing',
      [
        '857 of 1,000',
        'wechat 800 issued, 40 under way, 5 failed',
        'alipay 57',
        '100 winners have no request',
        '3 winners failed',
      ],
    ],
    [
      'a person stopped a channel',
      { isStarted: true, annotations: STOP, facts: COUNTS },
      'ChannelStopped',
      ['li.wei (wrong scope)', 'kubectl voucher channel resume chengdu wechat -n vouchers', '857 of 1,000'],
    ],
    [
      'a stock differs',
      { isStarted: true, stocks: [aStock('wechat', NOW_MS, { faceValueFen: 1 }), aStock('alipay', NOW_MS)] },
      'SettingsDiffer',
      ['Nothing more is issued through wechat', 'The other channels continue'],
    ],
    ['a level pauses it', { isStarted: true, effects: { isIssuancePaused: true } }, 'Paused', ['Contingency']],
    [
      'all are issued, although a channel is stopped',
      { isStarted: true, annotations: STOP, facts: all },
      'AllIssued',
      ['1,000 of 1,000'],
    ],
    [
      'the journal does not answer',
      { issuance: { kind: 'unknown', message: 'no leader' } },
      'JournalUnavailable',
      ['no leader'],
    ],
    [
      'the entry can’t be read',
      { issuance: { kind: 'unreadable', message: 'v: invalid' } },
      'EntryUnreadable',
      ['v: invalid'],
    ],
  ])('%s', (_, world, reason, words) => {
    const verdict = issued(inputOf(world));
    expect(verdict?.reason).toBe(reason);
    expect(verdict?.status).toBe(
      { AllIssued: 'True', JournalUnavailable: 'Unknown', EntryUnreadable: 'Unknown' }[reason] ?? 'False',
    );
    for (const word of words) expect(verdict?.message).toContain(word);
  });

  it('is absent from a campaign that issues nothing', () => {
    expect(issued(aConditionInput())).toBeUndefined();
    expect(issuanceStatus(aConditionInput())).toBeUndefined();
  });

  it('remains while a new leader has not asked the journal', () => {
    const before = inputOf({ isStarted: true, facts: COUNTS });
    const status = issuanceStatus(before);
    const observed = {
      ...before.observed,
      issuance: undefined,
      books: undefined,
      previous: { issuance: status ?? {} },
    };
    expect(issued({ ...before, observed })?.reason).toBe('Issuing');
    expect(issuanceStatus({ ...before, observed })).toMatchObject({ startedAt: aStart().at, startedBy: 'owner' });
  });

  it('says what a channel does not tell', () => {
    const { faceValueFen: _, ...stock } = aStock('wechat', NOW_MS);
    expect(issued(inputOf({ stocks: [stock, aStock('alipay', NOW_MS)] }))?.message).toContain(
      'wechat: the face value of dining-50',
    );
  });
});

describe('status.issuance', () => {
  it('says how far each channel is, and when it is done', () => {
    const status = issuanceStatus(
      inputOf({
        isStarted: true,
        facts: [
          ['won', 1_000],
          ['issuing', 930, 'wechat'],
          ['issued', 70, 'alipay'],
        ],
      }),
    );
    expect(status).toMatchObject({ winners: 1_000, issued: 70 });
    // 930 at 93 of 100/s: 10 s, to the minute.
    expect(status?.channels).toEqual([
      {
        channel: 'wechat',
        state: 'Asked',
        issued: 0,
        waiting: 930,
        failed: 0,
        doneAt: new Date(NOW_MS + 60_000).toISOString(),
      },
      { channel: 'alipay', state: 'Asked', issued: 70, waiting: 0, failed: 0 },
    ]);
  });

  it('has an event for each channel that stops and resumes', () => {
    const of = (state: string) => ({
      issuance: { startedAt: 'x', channels: [{ channel: 'wechat', state, reason: 'why' }] },
    });
    const reasons = (before: string, now: string) => issuanceEvents(of(before), of(now)).map(({ reason }) => reason);
    expect(reasons('Asked', 'Stopped')).toEqual(['IssuanceStopped']);
    expect(reasons('Asked', 'SettingsDiffer')).toEqual(['IssuanceSettingsDiffer']);
    expect(reasons('Stopped', 'Asked')).toEqual(['IssuanceResumed']);
    expect(reasons('Asked', 'Failing')).toEqual([]);
    expect(reasons('Stopped', 'Stopped')).toEqual([]);
    expect(issuanceEvents(undefined, of('Asked')).map(({ reason }) => reason)).toEqual(['IssuanceStarted']);
  });
});

describe('the condition ChannelsReachable', () => {
  it.each<[string, Partial<Standing>, string, string, string]>([
    ['it answers', {}, 'True', 'AllAnswer', 'wechat'],
    ['it refuses', { state: 'refused' }, 'False', 'ChannelRefuses', 'wechat.private-key.pem'],
    ['it fails', { state: 'failing' }, 'False', 'ChannelFailing', 'issuance pods can reach'],
    [
      'its quota is used up',
      { state: 'quota', requestsPerDay: 5, leftToday: 0 },
      'False',
      'QuotaUsedUp',
      'requestsPerDay is 5',
    ],
    ['no pod has reported', { isReported: false }, 'Unknown', 'NotYetObserved', 'voucher-issuance'],
    ['a person has stopped it', { state: 'command' }, 'True', 'AllAnswer', 'wechat'],
  ])('%s', (_, changes, status, reason, word) => {
    const verdict = channelsReachable(inputOf({ standings: [standing('wechat', changes)] }));
    expect(verdict).toMatchObject({ status, reason, message: expect.stringContaining(word) });
  });

  it('asks for no file of UnionPay that its client does not use', () => {
    const { message = '' } =
      channelsReachable(inputOf({ standings: [standing('unionpay', { state: 'refused' })] })) ?? {};
    expect(message).toContain('(unionpay.private-key.pem, unionpay.secret)');
  });

  it('is absent from a campaign that issues nothing', () => {
    expect(channelsReachable(aConditionInput({ campaign: aCampaign() }))).toBeUndefined();
  });
});
