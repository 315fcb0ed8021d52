import { describe, expect, it } from '@jest/globals';
import type { Destroyed, Destroying } from '../../../contract/control.ts';
import {
  type DestructionObserved,
  type DestructionRequest,
  nextDestructionStep,
  type SecretSeen,
} from '../../../operator/destruction/destruction-steps.ts';

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
  isListed: false,
  secretUsers: [],
  keysInPods: undefined,
};
const command = { who: 'li.wei', atMs: 1, reason: 'all is over' };
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

describe('the next step to destroy personal data', () => {
  it.each<[string, Case, string]>([
    ['before the date', {}, 'NotDue'],
    ['at the date', { nowMs: DUE }, 'order by Date'],
    ['at the date without a list', { nowMs: DUE, request: { isListed: false } }, 'order by Date'],
    ['after a command, without a list', { request: { command } }, 'WaitingForList'],
    ['after a command, with the list', { request: { command, isListed: true } }, 'order by Command'],
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
