/** Which window pods follow, as the freeze reads it: never from a leader that may be cut off. */
import { describe, expect, it } from '@jest/globals';
import type { JournalConnection } from '../../../journal/connection.ts';
import { createFreezeJournal } from '../../../journal/freeze/freeze-journal.ts';

const { signal } = new AbortController();
const CLOSES_AT = '2020-09-25T10:00:00.000Z';
const settings = { window: { closesAt: CLOSES_AT }, draw: { verifyBy: '2020-09-26T10:00:00.000Z' } };
const message = (value: object) => ({
  message: { seq: 7, data: Buffer.from(JSON.stringify(value)).toString('base64') },
});
const SECOND_NS = 1e9;

const answering = (heardSeconds: readonly number[], stored: object) => {
  const cluster = { leader: 'nats-0', replicas: heardSeconds.map((seconds) => ({ active: seconds * SECOND_NS })) };
  const request = async (subject: string) => {
    const answer = subject.includes('STREAM.INFO') ? { cluster } : stored;
    return { string: () => JSON.stringify(answer) };
  };
  return createFreezeJournal({ isConnected: () => true, nats: { request } } as unknown as JournalConnection);
};

describe('the published window', () => {
  it('is read from a leader that has heard from a majority', async () => {
    expect(await answering([0.4, 60], message(settings)).published('spring', signal)).toEqual({
      closesAtMs: Date.parse(CLOSES_AT),
      verifyByMs: Date.parse(settings.draw.verifyBy),
    });
  });

  it('is unknown where the leader was cut off from the others for more than 5 s', async () => {
    await expect(answering([5.1, 60], message(settings)).published('spring', signal)).rejects.toThrow('5100 ms ago');
    await expect(answering([0, 0], message(settings)).published('spring', signal)).rejects.toThrow('no contact');
  });

  it('is none where nothing was published', async () => {
    const none = { error: { err_code: 10037, description: 'no message found' } };
    expect(await answering([0.4, 0.4], none).published('spring', signal)).toBeUndefined();
  });

  it('is unknown where it can not be read', async () => {
    await expect(answering([0.4, 0.4], message({ v: 2 })).published('spring', signal)).rejects.toThrow("can't be read");
  });
});
