import { describe, expect, it } from '@jest/globals';
import { causeOf, troubleOf } from '../../../contract/journal-health.ts';
import { type FaultInput, faultsOf, lasting } from '../../../journal/streams/faults.ts';
import type { ServerLook } from '../../../journal/streams/servers.ts';

const NOW = 1_000_000;

const server = (n: number, overrides: Partial<ServerLook> = {}): ServerLook => ({
  name: `nats-${n}`,
  answer: 'answered',
  sinceMs: 0,
  syncsAlways: true,
  problems: [],
  ...overrides,
});
const problem = (sentence: string, stream?: string) => ({
  problems: [{ trouble: troubleOf(sentence), cause: causeOf(sentence), ...(stream === undefined ? {} : { stream }) }],
});
const servers = (overrides: Partial<ServerLook>, second: Partial<ServerLook> = {}) => [
  server(0),
  server(1, overrides),
  server(2, second),
];
const faults = (input: Partial<FaultInput>) =>
  faultsOf({
    servers: servers({}),
    gaps: [],
    others: [],
    isOurs: (stream) => stream.includes('spring'),
    nowMs: NOW,
    ...input,
  });

/** As nats-server 2.15.2 said them. */
const EIO =
  "JetStream stream '$G > REG_spring_0' is not current: node write error: sync /data/jetstream/$SYS/_js_/S-R3F-6K/msgs/1.blk: input/output error";

describe('faults of a journal', () => {
  it.each([
    ['none', servers({}), []],
    ['none that concern it: a stream of another campaign', servers(problem(EIO, 'REG_autumn_0')), []],
    [
      'a write error',
      servers(problem(EIO, 'REG_spring_0')),
      [{ kind: 'writeError', server: 'nats-1', streams: ['REG_spring_0'], cause: 'input/output error' }],
    ],
    [
      'a write error of the layer that all streams depend on',
      servers(problem('JetStream meta layer write error: sync x: input/output error')),
      [{ kind: 'writeError', server: 'nats-1', streams: [], cause: 'input/output error' }],
    ],
    ['JetStream off', servers(problem('JetStream not enabled (10076)')), [{ kind: 'jetStreamOff', server: 'nats-1' }]],
    [
      'lame duck',
      servers(problem('failed to be ready for connections after 1ms: server')),
      [{ kind: 'restarting', server: 'nats-1' }],
    ],
    ['one late page', servers({ answer: 'silent', sinceMs: NOW - 1_000 }), []],
    [
      'a frozen server',
      servers({ answer: 'silent', sinceMs: NOW - 3_000 }),
      [{ kind: 'unreachable', server: 'nats-1', sinceMs: NOW - 3_000 }],
    ],
    ['a process that ended', servers({ answer: 'refused', sinceMs: NOW }), [{ kind: 'restarting', server: 'nats-1' }]],
    [
      'a process that stays away',
      servers({ answer: 'refused', sinceMs: NOW - 30_000 }),
      [{ kind: 'unreachable', server: 'nats-1', sinceMs: NOW - 30_000 }],
    ],
    [
      'a server that says that it is behind',
      servers({ ...problem('stream catching up', 'REG_spring_1'), behindSinceMs: NOW - 5_000 }),
      [{ kind: 'catchingUp', server: 'nats-1', streams: ['REG_spring_1'] }],
    ],
    ['a moment behind', servers({ ...problem('x', 'REG_spring_1'), behindSinceMs: NOW - 1_000 }), []],
  ] as const)('are %s', (_, looks, want) => {
    expect(faults({ servers: looks })).toEqual(want);
  });

  it('begin with the quorum where two of three are away', () => {
    const found = faults({ servers: servers({ answer: 'refused', sinceMs: NOW }, { answer: 'silent', sinceMs: 0 }) });
    expect(found[0]).toEqual({ kind: 'quorumLost', servers: ['nats-1', 'nats-2'], of: 3 });
  });

  it.each([
    ['a gap that is new', 0, 'catchingUp'],
    ['a gap of a minute', 60_000, 'notCurrent'],
  ] as const)('are told by leaders where servers say nothing: %s', (_, ageMs, kind) => {
    const gaps = [{ stream: 'REG_spring_0', server: 'nats-2', sinceMs: NOW - ageMs }];
    expect(faults({ gaps, servers: [] })).toMatchObject([{ kind, server: 'nats-2', streams: ['REG_spring_0'] }]);
  });

  it.each([
    ['an election', 0, 'electing'],
    ['no leader for longer than any election', 12_000, 'leaderless'],
  ] as const)('are %s', (_, ageMs, kind) => {
    const gaps = [{ stream: 'REG_spring_0', server: undefined, sinceMs: NOW - ageMs }];
    expect(faults({ gaps })).toEqual([{ kind, streams: ['REG_spring_0'] }]);
  });

  it('are not told twice: the server’s own word explains what its leaders see', () => {
    const gaps = [{ stream: 'REG_spring_0', server: 'nats-1', sinceMs: 0 }];
    expect(faults({ gaps, servers: servers(problem(EIO, 'REG_spring_0')) })).toHaveLength(1);
  });

  it('begin when they were first seen, and anew when they had gone', () => {
    const gap = { stream: 'S', server: 'nats-1' };
    const first = lasting([], [gap], 1);
    expect(lasting(first, [gap], 2)).toEqual([{ ...gap, sinceMs: 1 }]);
    expect(lasting(lasting(first, [], 2), [gap], 3)).toEqual([{ ...gap, sinceMs: 3 }]);
  });
});
