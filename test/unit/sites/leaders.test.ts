/** What a witness hands on, and to which server; and where replicas share a site. */
import { describe, expect, it } from '@jest/globals';
import type { StreamInfo } from '@nats-io/jetstream';
import { type Led, leaderMove, movesOffWitness, type Replica } from '../../../journal/streams/leaders.ts';
import { ledBy } from '../../../journal/streams/off-witness.ts';
import { misplaced } from '../../../journal/streams/placement.ts';

const is = (name: string, overrides: Partial<Replica> = {}): Replica => ({
  name,
  current: true,
  active: 0,
  ...overrides,
});
const led = (stream: string, ...replicas: readonly Replica[]): Led => ({ stream, replicas });
const witnesses = new Set(['w']);

describe('what a witness leads', () => {
  it.each([
    ['goes to the one that got fewer', [led('0', is('a'), is('b')), led('1', is('a'), is('b'))], ['a', 'b']],
    ['does not wait for a replica that is behind', [led('0', is('a'), is('b', { current: false }))], ['a']],
    ['does not wait for one that is offline', [led('0', is('a', { offline: true }), is('b'))], ['b']],
    ['does not go to one that was not seen for 3 s', [led('0', is('a', { active: 4e9 }), is('b'))], ['b']],
    ['stays where no other is current', [led('0', is('a', { current: false }), is('b', { offline: true }))], []],
    ['never goes to another witness', [led('0', is('w'))], []],
  ])('%s', (_, leads, to) => {
    expect(movesOffWitness(leads, witnesses).map((move) => move.to)).toEqual(to);
  });

  it('is read from its own page: streams and consumers that name it as their leader', () => {
    const replicas = [is('a')];
    const page = {
      account_details: [
        {
          stream_detail: [
            {
              name: 'S',
              cluster: { leader: 'a' },
              consumer_detail: [{ name: 'c', cluster: { leader: 'w', replicas } }],
            },
            { name: 'T', cluster: { leader: 'w', replicas } },
            { name: 'U' },
          ],
        },
        {},
      ],
    };
    expect(ledBy('w', page)).toEqual([
      { stream: 'S', consumer: 'c', replicas },
      { stream: 'T', replicas },
    ]);
    expect(ledBy('w', {})).toEqual([]);
  });
});

const stream = (name: string, leader: string, ...others: readonly string[]): StreamInfo =>
  ({
    config: { name, num_replicas: 3 },
    cluster: { leader, replicas: others.map((other) => is(other)) },
  }) as unknown as StreamInfo;

describe('the spread of shards beside a witness', () => {
  it('gives it none, and takes a, a, b as even', () => {
    const even = [stream('0', 'a', 'b', 'w'), stream('1', 'a', 'b', 'w'), stream('2', 'b', 'a', 'w')];
    expect(leaderMove(even, witnesses)).toBeUndefined();
    expect(leaderMove(even)).toEqual({ stream: '0', to: 'w' });
    const uneven = even.map((_, n) => stream(String(n), 'a', 'b', 'w'));
    expect(leaderMove(uneven, witnesses)).toEqual({ stream: '0', to: 'b' });
  });
});

const site = (name: string, of: string | undefined) => ({ name, ...(of === undefined ? {} : { site: of }) });

describe('two replicas in one site', () => {
  const servers = [site('a1', 'a'), site('a2', 'a'), site('b1', 'b'), site('w1', 'w')];
  it.each([
    ['are a fault', servers, stream('S', 'a1', 'a2', 'w1'), [{ kind: 'oneSite', site: 'a', streams: ['S'] }]],
    ['are none in three sites', servers, stream('S', 'a1', 'b1', 'w1'), []],
    ['are none without sites', [], stream('S', 'a1', 'a2', 'w1'), []],
    ['are none where there are two sites only', servers.slice(0, 3), stream('S', 'a1', 'a2', 'b1'), []],
    ['are unknown while a server has not answered', servers.slice(1), stream('S', 'a1', 'a2', 'w1'), []],
  ])('%s', (_, known, one, faults) => {
    expect(misplaced([one], known)).toEqual(faults);
  });
});
