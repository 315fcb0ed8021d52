/** Which leader is asked to step down, so that one server's death silences as few shards as possible. */
import { describe, expect, it } from '@jest/globals';
import type { StreamInfo } from '@nats-io/jetstream';
import { type LeaderMove, leaderMove } from '../../../journal/streams/leaders.ts';

interface Replica {
  readonly name: string;
  readonly current?: boolean;
  readonly offline?: boolean;
}

/** Only what the rule reads. */
const shard = (name: string, leader: string | undefined, replicas: readonly Replica[]): StreamInfo => {
  const cluster = {
    ...(leader === undefined ? {} : { leader }),
    replicas: replicas.map((replica) => ({ current: true, active: 0, ...replica })),
  };
  return { config: { name }, cluster } as unknown as StreamInfo;
};
const on = (name: string, leader: string, servers = ['a', 'b', 'c']): StreamInfo =>
  shard(
    name,
    leader,
    servers.filter((server) => server !== leader).map((server) => ({ name: server })),
  );

const cases: Readonly<
  Record<string, { readonly shards: readonly StreamInfo[]; readonly move: LeaderMove | undefined }>
> = {
  'one leader each is left alone': { shards: [on('0', 'a'), on('1', 'b'), on('2', 'c')], move: undefined },
  'the second shard of one server goes to the one that leads none': {
    shards: [on('0', 'a'), on('1', 'a'), on('2', 'b')],
    move: { stream: '0', to: 'c' },
  },
  'three on one server are spread one at a time': {
    shards: [on('0', 'a'), on('1', 'a'), on('2', 'a')],
    move: { stream: '0', to: 'b' },
  },
  'three shards on two servers are as even as they get': {
    shards: [on('0', 'a', ['a', 'b']), on('1', 'b', ['a', 'b']), on('2', 'b', ['a', 'b'])],
    move: undefined,
  },
  'nothing moves while a replica is behind': {
    shards: [on('0', 'a'), shard('1', 'a', [{ name: 'b', current: false }, { name: 'c' }]), on('2', 'a')],
    move: undefined,
  },
  'nothing moves while a server is away': {
    shards: [on('0', 'a'), shard('1', 'a', [{ name: 'b', offline: true }, { name: 'c' }]), on('2', 'a')],
    move: undefined,
  },
  'nothing moves in an election': {
    shards: [on('0', 'a'), shard('1', undefined, [{ name: 'b' }, { name: 'c' }]), on('2', 'a')],
    move: undefined,
  },
  'a single server has nowhere to move to': { shards: [on('0', 'a', ['a']), on('1', 'a', ['a'])], move: undefined },
};

describe('the leaders of the shards', () => {
  it.each(Object.entries(cases))('%s', (_, { shards, move }) => {
    expect(leaderMove(shards)).toEqual(move);
  });
});
