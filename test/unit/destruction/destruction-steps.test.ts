import { describe, expect, it } from '@jest/globals';
import type { Destroyed, Destroying, IssuanceStart } from '../../../contract/decisions/control.ts';
import { chainState } from '../../../contract/decisions/draw-chain.ts';
import type { VoucherCampaign } from '../../../contract/types/campaign.ts';
import { destructionRequest } from '../../../operator/destruction/destruction-request.ts';
import {
  type DestructionObserved,
  type DestructionRequest,
  nextDestructionStep,
  type SecretSeen,
} from '../../../operator/destruction/destruction-steps.ts';
import type { Observed } from '../../../operator/tick/observed.ts';
import { aCampaign, DRAW } from '../../helpers/a-campaign.ts';
import { anIssuingCampaign, drawnChain } from '../../helpers/issuance-campaign.ts';
import { anObserved, freshReadings } from '../../helpers/observed.ts';

const DUE = 1_000_000;
const order: Destroying = {
  v: 1,
  campaignId: 'spring',
  at: '2021-03-01T00:00:00.000Z',
  cause: 'Date',
  keys: ['2020-09-25'],
  streams: ['REG_spring_0'],
  secret: 'voucher-privacy',
};
const destroyed: Destroyed = {
  v: 1,
  campaignId: 'spring',
  at: '2021-03-01T00:01:00.000Z',
  keysDestroyedAt: '2021-03-01T00:00:30.000Z',
  secretEmptiedAt: '2021-03-01T00:00:40.000Z',
  secretCheckedBy: 'operator',
  operator: 'one',
};
const request: DestructionRequest = {
  campaignId: 'spring',
  namespace: 'city',
  secretName: 'voucher-privacy',
  streams: ['REG_spring_0'],
  dueAtMs: DUE,
  secretUsers: [],
  keysInPods: undefined,
};
const command = { who: 'li.wei', atMs: 1, reason: 'all is over' };
const late = { ...command, atMs: DUE };
const emptied: SecretSeen = { kind: 'emptied', atMs: 3, by: 'operator' };

interface Case extends Partial<Omit<DestructionObserved, 'request'>> {
  readonly request?: Partial<DestructionRequest>;
}
const stepOf = ({ request: of = {}, ...rest }: Case): string => {
  const step = nextDestructionStep({
    nowMs: DUE - 1,
    decided: {},
    keysDestroyedAtMs: undefined,
    secret: { kind: 'unknown' },
    ...rest,
    request: { ...request, ...of },
  });
  return step.kind === 'wait' ? step.why : step.kind === 'order' ? `order by ${step.cause}` : step.kind;
};

describe('an order of an owner', () => {
  const sources = [{ name: 'drand', type: 'Drand' as const }];
  const drawn = aCampaign({ spec: { draw: { ...DRAW, sources } } });
  const announced = { v: 1, step: 'announced', campaignId: 'c', at: 'x', attempt: 1, won: 1, waitlisted: 0 } as const;
  const isOver = (campaign: VoucherCampaign, seen: Partial<Observed>): boolean =>
    destructionRequest(campaign, anObserved(seen), 1, 0).neededBy === undefined;

  it('waits until the result is announced: entries and winners are made with citizen.key', () => {
    const listed = { draw: { phase: 'Listed' } };
    expect(isOver(aCampaign(), { previous: undefined })).toBe(false);
    expect(isOver(aCampaign(), { previous: listed })).toBe(true);
    expect(isOver(drawn, { previous: listed })).toBe(false);
    expect(isOver(drawn, { previous: { draw: { phase: 'Drawn' } } })).toBe(false);
    // A new leader has not read yet who moved up, and whether they have their facts.
    expect(isOver(drawn, { previous: { draw: { phase: 'Drawn', announced: true } } })).toBe(false);
    expect(
      isOver(drawn, {
        previous: listed,
        draw: { kind: 'known', chain: { ...chainState('c', []), announced } },
      }),
    ).toBe(true);
  });
});

describe('issuance', () => {
  const neededBy = (seen: Partial<Observed>, winners = 3) =>
    destructionRequest(
      anIssuingCampaign(),
      anObserved({ draw: { kind: 'known', chain: drawnChain(winners) }, ...seen }),
      1,
      DUE,
    ).neededBy;
  const backlog = (messages: number): Pick<Observed, 'readings'> => ({
    readings: {
      ...freshReadings(DUE),
      backlog: { issuance: { kind: 'fresh', value: { messages }, atMs: DUE } },
    },
  });
  const start: IssuanceStart = {
    ...{ v: 1, campaignId: 'spring', at: order.at, by: 'li.wei', format: 'vi1' },
    ...{ channels: [], streams: [], queryFirst: false },
  };
  const issuance = { kind: 'known', start } as const;

  it.each<[string, Partial<Observed>, number, string | undefined]>([
    ['unknown whether it has started', backlog(0), 3, 'issuance'],
    ['not started', { issuance: { kind: 'known' }, ...backlog(0) }, 3, 'issuance'],
    ['not started, and no winner', { issuance: { kind: 'known' } }, 0, undefined],
    ['started, unknown what is open', { issuance }, 3, 'issuance'],
    ['started, requests are open', { issuance, ...backlog(1) }, 3, 'issuance'],
    ['started, nothing is open', { issuance, ...backlog(0) }, 3, undefined],
    ['the draw is not over', { draw: { kind: 'known', chain: drawnChain(3, 3) }, issuance, ...backlog(0) }, 3, 'draw'],
  ])('needs the keys or does not: %s', (_, seen, winners, by) => {
    expect(neededBy(seen, winners)).toBe(by);
  });
});

describe('the next step to destroy personal data', () => {
  it.each<[string, Case, string]>([
    ['before the date', {}, 'NotDue'],
    ['at the date', { nowMs: DUE }, 'order by Date'],
    ['at the date without a list', { nowMs: DUE, request: { neededBy: 'draw' } }, 'HeldByDraw'],
    ['at the date, while vouchers are issued', { nowMs: DUE, request: { neededBy: 'issuance' } }, 'HeldByIssuance'],
    [
      'at the date without a list, after a command',
      { nowMs: DUE, request: { command, neededBy: 'draw' } },
      'HeldByDraw',
    ],
    [
      'given up after the date, without a list',
      { nowMs: DUE + 1, request: { command: late, neededBy: 'draw' } },
      'order by Command',
    ],
    [
      'given up after the date, during issuance',
      { nowMs: DUE + 1, request: { command: late, neededBy: 'issuance' } },
      'order by Command',
    ],
    [
      'before the date, a command with a later time',
      { request: { command: late, neededBy: 'draw' } },
      'WaitingForList',
    ],
    ['after a command, without a list', { request: { command, neededBy: 'draw' } }, 'WaitingForList'],
    [
      'after a command, while vouchers are issued',
      { request: { command, neededBy: 'issuance' } },
      'WaitingForIssuance',
    ],
    ['after a command, with the list', { request: { command } }, 'order by Command'],
    ['ordered', { decided: { destroying: order } }, 'destroyKeys'],
    ['ordered, although the command is taken back', { decided: { destroying: order }, request: {} }, 'destroyKeys'],
    ['keys destroyed', { decided: { destroying: order }, keysDestroyedAtMs: 2 }, 'emptySecret'],
    [
      'keys destroyed, no permission for the Secret',
      { decided: { destroying: order }, keysDestroyedAtMs: 2, secret: { kind: 'forbidden' } },
      'emptySecret',
    ],
    ['Secret emptied, and the keys are back', { decided: { destroying: order }, secret: emptied }, 'destroyKeys'],
    ['both', { decided: { destroying: order }, keysDestroyedAtMs: 2, secret: emptied }, 'complete'],
    ['completed', { decided: { destroying: order, destroyed }, keysDestroyedAtMs: 2 }, 'done'],
    ['completed, and a backup brings the keys back', { decided: { destroying: order, destroyed } }, 'destroyKeys'],
  ])('%s', (_, observed, step) => {
    expect(stepOf(observed)).toBe(step);
  });
});
