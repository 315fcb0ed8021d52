import { describe, expect, it } from '@jest/globals';
import { JetStreamApiError, type JetStreamManager } from '@nats-io/jetstream';
import { ensured, patiently, patientManager } from '../../helpers/patiently.ts';
import { journalSpec } from '../../helpers/real-journal.ts';

const apiError = (err_code: number): JetStreamApiError =>
  new JetStreamApiError({ code: 503, err_code, description: `error ${err_code}` });
const named = (name: string): Error => Object.assign(new Error(name), { name });

/** Throws these one after the other, then answers. */
const answersAfter = (...errors: readonly Error[]) => {
  const left = [...errors];
  const asked: unknown[][] = [];
  const ask = async (...args: unknown[]): Promise<string> => {
    asked.push(args);
    const error = left.shift();
    if (error !== undefined) throw error;
    return 'answer';
  };
  return { ask, asked };
};

describe('patiently', () => {
  it.each([
    ['too few servers are known to be there', apiError(10_005)],
    ['JetStream has no leader', apiError(10_008)],
    ['a server is not the leader', apiError(10_009)],
    ['nobody listens', named('JetStreamNotEnabled')],
    ['nobody answers in time', named('TimeoutError')],
    ['a consumer has no leader', new Error('nobody answers for consumer records of shard 1: it has no leader now')],
  ])('asks again while %s', async (_, error) => {
    const { ask, asked } = answersAfter(error, error);
    expect(await patiently('it', ask)).toBe('answer');
    expect(asked).toEqual([[1], [2], [3]]);
  });

  it.each([
    ['what is not there', apiError(10_059)],
    ['what is not permitted', named('PermissionViolationError')],
    ['a full store', apiError(10_023)],
  ])('passes %s on at once', async (_, error) => {
    const { ask, asked } = answersAfter(error);
    await expect(patiently('it', ask)).rejects.toBe(error);
    expect(asked).toHaveLength(1);
  });
});

describe('a patient manager', () => {
  const managerOf = (streams: object): JetStreamManager =>
    patientManager({ streams, consumers: {} } as unknown as JetStreamManager);

  it('asks the same once more, also for the pages of a list', async () => {
    const [info, next] = [answersAfter(apiError(10_008)), answersAfter(named('TimeoutError'))];
    const { streams } = managerOf({ info: info.ask, names: () => ({ next: next.ask }) });
    expect(await streams.info('REG')).toBe('answer');
    expect(info.asked).toEqual([['REG'], ['REG']]);
    expect(await streams.names().next()).toBe('answer');
    expect(next.asked).toHaveLength(2);
  });

  it('takes a stream for deleted that is gone at the second attempt, and not at the first', async () => {
    const heard = answersAfter(named('TimeoutError'), apiError(10_059));
    expect(await managerOf({ delete: heard.ask }).streams.delete('REG')).toBe(true);
    const gone = answersAfter(apiError(10_059));
    await expect(managerOf({ delete: gone.ask }).streams.delete('REG')).rejects.toThrow('error 10059');
  });
});

describe('ensured', () => {
  it('looks again while the journal is unavailable, and takes a conflict for an answer', async () => {
    const states = [
      { kind: 'unavailable', message: 'no suitable peers' },
      { kind: 'conflict', message: 'another’s' },
    ] as const;
    let looks = 0;
    const unused = (): never => {
      throw new Error('not asked for');
    };
    const admin = {
      ensure: async () => states[looks++] ?? states[1],
      remove: unused,
      backlog: unused,
      putLiveSettings: unused,
    };
    expect(await ensured(admin, journalSpec())).toEqual(states[1]);
    expect(looks).toBe(2);
  });
});
