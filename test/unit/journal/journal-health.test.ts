import { describe, expect, it } from '@jest/globals';
import { unavailable } from '../../../journal/attempt.ts';
import { JournalHealth } from '../../../journal/journal-health.ts';

const STORED = { kind: 'acknowledged', shard: 0, sequence: 1, duplicate: false, attempts: 1 } as const;

const played = (play: (health: JournalHealth) => void, atMs: number) => {
  const health = new JournalHealth(0);
  play(health);
  return health.found(atMs);
};
const times = (count: number, step: (n: number) => void): void => {
  for (let n = 0; n < count; n += 1) step(n);
};

describe('how an intake finds the journal', () => {
  it.each([
    ['nothing yet', () => undefined, 'unknown'],
    ['a check came through', (health) => health.checked('answers', 100), 'answers'],
    [
      'a citizen of a thousand waited in vain',
      (health) => {
        times(999, () => health.published(STORED, false, 100));
        health.published(unavailable('timeout'), false, 200);
      },
      'answers',
    ],
    [
      'half of the publishes wait in vain',
      (health) => {
        times(5, () => health.published(STORED, false, 100));
        times(5, () => health.published(unavailable('timeout'), false, 200));
      },
      'silent',
    ],
    ['no shard has a leader', (health) => health.published(unavailable('all_shards_silent'), false, 100), 'no_leader'],
    ['no room', (health) => health.published(unavailable('journal_full'), false, 100), 'full'],
    [
      'no room, and a refusal a moment ago',
      (health) => health.published(unavailable('journal_full'), true, 100),
      'full',
    ],
    ['no connection', (health) => health.published(unavailable('disconnected'), false, 100), 'disconnected'],
    [
      'no connection, because the servers refuse it',
      (health) => health.published(unavailable('disconnected'), true, 100),
      'credentials',
    ],
    [
      'no answer, because the servers refuse it',
      (health) => health.published(unavailable('timeout'), true, 100),
      'credentials',
    ],
    [
      'the process has enough to do',
      (health) => {
        health.checked('answers', 100);
        times(50, () => health.published(unavailable('busy'), false, 200));
      },
      'answers',
    ],
    [
      'what most of the failures say',
      (health) => {
        times(3, () => health.published(unavailable('disconnected'), false, 100));
        health.published(unavailable('timeout'), false, 200);
      },
      'disconnected',
    ],
    [
      'a shard is full, which no check sees',
      (health) => {
        health.published(unavailable('journal_full'), false, 100);
        times(3, () => health.checked('answers', 200));
      },
      'full',
    ],
    [
      'a leader without a quorum answers checks, and stores nothing',
      (health) => {
        times(3, () => health.checked('answers', 100));
        health.published(unavailable('timeout'), false, 200);
      },
      'silent',
    ],
    [
      'publishes come through, and a check met a shard without a leader',
      (health) => {
        health.published(STORED, false, 100);
        times(3, () => health.checked('no_leader', 200));
      },
      'answers',
    ],
    [
      'of equally many, the newest',
      (health) => {
        health.checked('silent', 100);
        health.checked('full', 200);
      },
      'full',
    ],
  ] as readonly (readonly [string, (health: JournalHealth) => void, string])[])('%s', (_, play, state) => {
    expect(played(play, 300)).toMatchObject({ state });
  });

  it('forgets what is older than five seconds, and says since when it is so', () => {
    const health = new JournalHealth(0);
    times(100, () => health.published(STORED, false, 1_000));
    health.checked('silent', 4_000);
    expect(health.found(4_000)).toEqual({ state: 'answers', seconds: 3 });
    expect(health.found(7_100)).toEqual({ state: 'silent', seconds: 0 });
    expect(health.found(9_100)).toEqual({ state: 'silent', seconds: 2 });
    health.checked('answers', 9_500);
    // One failed and one came through.
    expect(health.found(9_600)).toMatchObject({ state: 'silent' });
    expect(health.found(10_000)).toMatchObject({ state: 'answers' });
  });

  it('stays as it was while nothing is said, for a check that hangs is no news', () => {
    expect(played((health) => health.checked('full', 0), 60_000)).toEqual({ state: 'full', seconds: 60 });
  });

  it('counts registrations and leaves its own checks out', () => {
    const health = new JournalHealth(0);
    health.published(STORED, false, 100);
    health.published(unavailable('timeout'), false, 100);
    health.checked('answers', 100);
    expect([...health.recent(200)]).toEqual([
      ['answers', 1],
      ['silent', 1],
    ]);
    expect([...health.recent(20_000)]).toEqual([]);
  });
});
