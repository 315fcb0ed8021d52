import { describe, expect, it } from '@jest/globals';
import { DatabaseHealth } from '../../../app/records/database-health.ts';
import { ShardsHealth } from '../../../app/worker/shards-health.ts';

const played = (play: (health: DatabaseHealth) => void, atMs = 10_000) => {
  const health = new DatabaseHealth(0);
  play(health);
  return health.found(atMs);
};
const silentTwice = (health: DatabaseHealth): void => {
  health.lookFailed('silent', 1_000);
  health.lookFailed('silent', 5_000);
};

describe('how a records process finds its database', () => {
  it.each([
    ['not looked at yet', () => undefined, 'unknown', 10],
    ['answers', (health) => health.answered(4_000), 'answers', 6],
    [
      'one look unlucky',
      (health) => {
        health.answered(0);
        health.lookFailed('silent', 1_000);
      },
      'answers',
      10,
    ],
    ['silent twice: since the first of them', silentTwice, 'silent', 9],
    ['refused once is refused', (health) => health.lookFailed('connections', 7_000), 'connections', 3],
    [
      'a commit failed, and looks are answered',
      (health) => {
        health.commitFailed('disk_full', 2_000);
        health.answered(3_000);
      },
      'disk_full',
      8,
    ],
    [
      'a full disk that ended the server',
      (health) => {
        health.commitFailed('disk_full', 2_000);
        health.commitFailed('starting', 4_000);
        health.commitFailed('unreachable', 6_000);
      },
      'disk_full',
      8,
    ],
    [
      'another trouble after the first',
      (health) => {
        health.commitFailed('unreachable', 2_000);
        health.commitFailed('starting', 4_000);
      },
      'starting',
      8,
    ],
    [
      'a commit came through',
      (health) => {
        silentTwice(health);
        health.commitFailed('disk_full', 6_000);
        health.committed(8_000);
      },
      'answers',
      2,
    ],
    [
      'a look is answered after silence',
      (health) => {
        silentTwice(health);
        health.answered(9_000);
      },
      'answers',
      1,
    ],
  ] as readonly (readonly [string, (health: DatabaseHealth) => void, string, number])[])(
    '%s',
    (_, play, state, seconds) => {
      expect(played(play)).toEqual({ state, seconds });
    },
  );

  it('counts trouble with commits from when the batch was taken: a frozen server fails it seconds later', () => {
    const health = new DatabaseHealth(0);
    health.taken(0, 3_000);
    health.commitFailed('silent', 8_000);
    expect(health.found(9_000)).toEqual({ state: 'silent', seconds: 6 });
  });

  it('says how long the batch that waits longest has waited', () => {
    const health = new DatabaseHealth(0);
    expect(health.inHandSeconds(5_000)).toBe(0);
    health.taken(0, 1_000);
    health.taken(1, 3_000);
    expect(health.inHandSeconds(5_000)).toBe(4);
    health.settled(0);
    expect(health.inHandSeconds(5_000)).toBe(2);
    health.settled(1);
    expect(health.inHandSeconds(5_000)).toBe(0);
  });
});

describe('how a records process finds the journal', () => {
  it('is in trouble while one shard is, since its first failure', () => {
    const health = new ShardsHealth(0);
    expect(health.found(1_000)).toEqual({ state: 'unknown', seconds: 1 });
    health.startFailed('credentials');
    expect(health.found(2_000)).toEqual({ state: 'credentials', seconds: 2 });
    for (const shard of [0, 1, 2]) health.fetched(shard, 3_000);
    expect(health.found(4_000)).toEqual({ state: 'answers', seconds: 1 });
    health.fetchFailed(1, 'silent', 5_000);
    health.fetchFailed(1, 'silent', 6_000);
    health.fetched(2, 6_500);
    expect(health.found(7_000)).toEqual({ state: 'silent', seconds: 2 });
    health.fetched(1, 8_000);
    expect(health.found(9_000)).toEqual({ state: 'answers', seconds: 1 });
  });
});
