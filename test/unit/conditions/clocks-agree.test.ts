import { describe, expect, it } from '@jest/globals';
import { clocksAgree } from '../../../operator/conditions/clocks-agree.ts';
import type { PodClock } from '../../../operator/signals/readings.ts';
import { aConditionInput } from '../../helpers/condition-input.ts';
import { freshReadings } from '../../helpers/observed.ts';

/** What the operator sees, and what the pod says of itself and others. */
const pod = (
  name: string,
  aheadSeconds: number,
  own?: number,
  others: Readonly<Record<string, number>> = { 'journal nats-0': 0, database: 0 },
): PodClock => ({
  pod: name,
  aheadSeconds,
  ...(own === undefined
    ? {}
    : {
        agreed: [
          { clock: 'own', aheadSeconds: own },
          ...Object.entries(others).map(([clock, ahead]) => ({ clock, aheadSeconds: ahead })),
        ],
      }),
});

const verdictOf = (clocks: readonly PodClock[]) =>
  clocksAgree(aConditionInput({ observed: { readings: { ...freshReadings(0), clocks } } }));

describe('ClocksAgree', () => {
  const cases: Record<string, { clocks: readonly PodClock[]; status: string; reason: string; says: string }> = {
    'no pod has answered': { clocks: [], status: 'Unknown', reason: 'NotYetObserved', says: 'No intake pod' },
    'all agree': {
      clocks: [pod('a', 0.3, 0), pod('b', -1.9, -0.2)],
      status: 'True',
      reason: 'AllAgree',
      says: 'agree within 2 s',
    },
    'all agree as far as anybody knows': {
      clocks: [pod('a', 0), pod('b', 0)],
      status: 'True',
      reason: 'AllAgree',
      says: 'agree',
    },
    'one pod is ten minutes behind': {
      clocks: [pod('a', -600, -600), pod('b', 0, 0)],
      status: 'False',
      reason: 'PodClockOff',
      says: 'a is 10 min behind',
    },
    'one pod is seven hours ahead, and knows nobody': {
      clocks: [pod('a', 25_200), pod('b', 0), pod('c', 0)],
      status: 'False',
      reason: 'PodClockOff',
      says: 'a is 7 h ahead',
    },
    'the only pod is three seconds ahead, and knows nobody': {
      clocks: [pod('a', 3)],
      status: 'False',
      reason: 'PodClockOff',
      says: 'a is 3 s ahead',
    },
    'one of two is off, and neither knows anybody': {
      clocks: [pod('a', -600), pod('b', 0)],
      status: 'False',
      reason: 'PodClockOff',
      says: 'a is 10 min behind',
    },
    'every pod is right by its own word, and off for the operator': {
      clocks: [pod('a', -600, 0), pod('b', -600.4, 0)],
      status: 'False',
      reason: 'OperatorClockOff',
      says: 'The operator’s clock is 10 min ahead',
    },
    'the only pod is right by its own word, and off for the operator': {
      clocks: [pod('a', 90, 0)],
      status: 'False',
      reason: 'OperatorClockOff',
      says: 'is 90 s behind',
    },
    'most pods are off alike, and know nobody': {
      clocks: [pod('a', 60), pod('b', 60.2), pod('c', 59.9)],
      status: 'False',
      reason: 'OperatorClockOff',
      says: 'is 60 s behind',
    },
    'a server of the journal is off': {
      clocks: [pod('a', 0, 0, { 'journal nats-0': 0, 'journal nats-1': 900, database: 0 })],
      status: 'False',
      reason: 'DataPlaneClockOff',
      says: 'journal nats-1 is 15 min ahead',
    },
    'the database is off, by the word of most': {
      clocks: [pod('a', 0, 0, { database: -9 }), pod('b', 0, 0, { database: -9 }), pod('c', 0, 0)],
      status: 'False',
      reason: 'DataPlaneClockOff',
      says: 'database is 9 s behind',
    },
    'six pods are off: the worst five are named': {
      clocks: [9, 8, 7, 6, 5, 4].map((ahead, index) => pod(`p${index}`, ahead, ahead)),
      status: 'False',
      reason: 'PodClockOff',
      says: 'p4 is 5 s ahead, 1 more are off',
    },
  };
  it.each(Object.entries(cases))('says so when %s', (_name, { clocks, status, reason, says }) => {
    const verdict = verdictOf(clocks);
    expect([verdict.status, verdict.reason]).toEqual([status, reason]);
    expect(verdict.message.replaceAll("'", '’')).toContain(says);
  });

  it('names both when the operator and a pod are off', () => {
    // The operator is a minute ahead: it sees every pod a minute behind what it is.
    const { reason, message } = verdictOf([pod('a', -60, 0), pod('b', -60, 0), pod('c', 540, 600)]);
    expect(reason).toBe('PodClockOff');
    expect(message).toContain('c is 10 min ahead');
    expect(message).not.toContain('a is');
  });

  it('says the same, whichever pod answers first and whatever part of a second it is off', () => {
    const one = verdictOf([pod('b', 600.2, 600.2), pod('a', 600.1, 600.1), pod('c', 0, 0), pod('d', 0, 0)]);
    const other = verdictOf([pod('c', 0, 0), pod('a', 600.1, 600.1), pod('d', 0, 0), pod('b', 599.9, 599.9)]);
    expect(one.message).toContain('a is 10 min ahead, b is 10 min ahead');
    expect(other).toEqual(one);
  });
});
