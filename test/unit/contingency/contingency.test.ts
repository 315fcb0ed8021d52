import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Reading } from '../../../contract/reading.ts';
import type { VoucherCampaign } from '../../../contract/types/campaign.ts';
import type { ContingencyLevel } from '../../../contract/types/contingency.ts';
import { parseCommand } from '../../../operator/contingency/commands.ts';
import { type ContingencyOutcome, contingencyOf, withClosing } from '../../../operator/contingency/contingency.ts';
import { type LevelMemory, nextLevel } from '../../../operator/contingency/level.ts';
import { parseContingencyMemory, serializeContingencyMemory } from '../../../operator/contingency/memory.ts';
import type { Observed } from '../../../operator/tick/observed.ts';
import { aCampaign, CLOSES_AT_MS, OPENS_AT_MS } from '../../helpers/a-campaign.ts';
import { freshReadings, SYNCED } from '../../helpers/observed.ts';
import { memories } from '../../helpers/tier.ts';

const NOW_MS = OPENS_AT_MS + 3_600_000;
const title = { 'zh-CN': '限流', en: 'Fewer at a time' };
const waits = { signal: 'OldestWaitSeconds', atLeast: 120, heldFor: '30s' } as const;
const clear = { when: 'Clear', below: 60, heldFor: '2m' } as const;

const aLevel = (changes: Partial<ContingencyLevel> = {}): ContingencyLevel => ({
  name: 'narrow-door',
  title,
  effect: { admissionPerSecond: 100 },
  ...changes,
});

const at = (ms: number): string => new Date(ms).toISOString();

/** Plays a level a tick a second: `values` says what the signal is, undefined where nobody knows. */
const play = (
  level: ContingencyLevel,
  values: readonly (number | undefined)[],
  command?: (second: number) => string | undefined,
): string => {
  let memory: LevelMemory = {};
  return values
    .map((value, second) => {
      const text = command?.(second);
      memory = nextLevel({
        level,
        command: text === undefined ? undefined : parseCommand(text),
        value,
        isArmed: true,
        memory,
        nowMs: NOW_MS + second * 1000,
      });
      return memory.sinceMs === undefined ? '.' : '#';
    })
    .join('');
};
const of = (value: number | undefined, seconds: number): readonly (number | undefined)[] => Array(seconds).fill(value);

describe('a trigger', () => {
  const quick = aLevel({ trigger: { ...waits, heldFor: '3s' }, back: { ...clear, heldFor: '4s' } });

  it.each<[string, readonly (number | undefined)[], string]>([
    ['starts when it was seen there for as long as stated', of(120, 6), '...###'],
    ['does not start below its threshold', of(119, 6), '......'],
    ['begins anew after one look below', [120, 120, 120, 119, 120, 120, 120, 120], '.......#'],
    ['does not count time in which nobody saw it', [120, 120, ...of(undefined, 4), 120, 120, 120], '........#'],
    ['never starts by what nobody knows', of(undefined, 8), '........'],
    ['goes back when it was seen clear for as long as stated', [...of(120, 4), ...of(59, 6)], '...#####..'],
    [
      'begins its way back anew after one look that was not clear',
      [...of(120, 4), ...of(59, 3), 90, ...of(59, 6)],
      '...#########..',
    ],
    ['stays between its two thresholds', [...of(120, 4), ...of(90, 8)], '...#########'],
    ['does not go back by what nobody knows', [...of(120, 4), ...of(undefined, 8)], '...#########'],
  ])('%s', (_, values, want) => {
    expect(play(quick, values)).toBe(want);
  });

  it('forgets what it saw before a minute of silence', () => {
    const values = [120, 120, 120, ...of(undefined, 61), 120, 120, 120];
    expect(play(quick, values)).not.toContain('#');
  });

  it('stays for a duration, and then counts anew', () => {
    const level = aLevel({ trigger: { ...waits, heldFor: '3s' }, back: { when: 'After', after: '10s' } });
    expect(play(level, of(500, 20))).toBe('...##########....###');
  });

  it('that only a person ends stays, however clear its signal is', () => {
    const level = aLevel({ trigger: { ...waits, heldFor: '3s' }, back: { when: 'Command' } });
    expect(play(level, [...of(500, 4), ...of(0, 10)])).toBe('...###########');
  });

  it('counts only while registration is open', () => {
    const next = (isArmed: boolean) =>
      nextLevel({
        level: quick,
        command: undefined,
        value: 500,
        isArmed,
        memory: { held: { ms: 60_000, seenMs: NOW_MS } },
        nowMs: NOW_MS + 1_000,
      });
    expect(next(true).sinceMs).toBe(NOW_MS + 1_000);
    expect(next(false)).toEqual({});
  });

  it('never flaps: between two changes lies at least the time that is to be held', () => {
    const value = fc.oneof(fc.integer({ min: 0, max: 200 }), fc.constant(undefined));
    const walk = fc.array(fc.tuple(value, fc.integer({ min: 1, max: 9 })), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(walk, fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 8 }), (steps, up, down) => {
        const level = aLevel({ trigger: { ...waits, heldFor: `${up}s` }, back: { ...clear, heldFor: `${down}s` } });
        const played = play(
          level,
          steps.flatMap(([one, seconds]) => of(one, seconds)),
        );
        // The first and the last run have no beginning, or no end.
        const runs = [...played.matchAll(/\.+|#+/g)].map(([run]) => run).slice(0, -1);
        return runs.every((run) => run.length >= (run.startsWith('#') ? down : up));
      }),
    );
  });

  it('is never started by a look that was not at the threshold, nor ended by one that was not clear', () => {
    const value = fc.oneof(fc.integer({ min: 0, max: 200 }), fc.constant(undefined));
    fc.assert(
      fc.property(fc.array(value, { minLength: 2, maxLength: 200 }), (values) => {
        const played = play(quick, values);
        return values.every((one, second) => {
          const [before, now] = [played[second - 1] ?? '.', played[second]];
          if (before === now) return true;
          return one !== undefined && (now === '#' ? one >= 120 : one < 60);
        });
      }),
    );
  });
});

describe('a command', () => {
  const level = aLevel({ trigger: { ...waits, heldFor: '3s' }, back: clear });

  it('is in force at once, and ends by itself', () => {
    const on = `on by li.wei until ${at(NOW_MS + 4_000)}: the database is slow`;
    expect(play(aLevel(), of(undefined, 8), (second) => (second < 2 ? undefined : on))).toBe('..##....');
  });

  it('stays until it is stopped where it says so', () => {
    const off = `off at ${at(NOW_MS + 6_000)}`;
    expect(play(aLevel(), of(undefined, 8), (second) => (second < 6 ? 'on until stopped' : off))).toBe('######..');
  });

  it('that stops a triggered level holds until its signal was below once', () => {
    const off = `off by li.wei at ${at(NOW_MS + 5_000)}`;
    const values = [...of(500, 12), 0, ...of(500, 6)];
    expect(play(level, values, (second) => (second < 5 ? undefined : off))).toBe('...##...........###');
  });

  it('leaves a level in force that its trigger would have started meanwhile', () => {
    const on = `on until ${at(NOW_MS + 5_000)}`;
    expect(play(level, of(500, 8), () => on)).toBe('########');
  });

  it.each([
    ['on until stopped', { kind: 'on' }],
    ['on by li.wei until stopped: slow', { kind: 'on', who: 'li.wei', reason: 'slow' }],
    ['on until 2027-03-01T12:00:00+08:00', { kind: 'on', untilMs: Date.parse('2027-03-01T04:00:00Z') }],
    [
      'on by system:serviceaccount:a:b until 2027-03-01T12:00:00Z: at 12:30: look',
      {
        kind: 'on',
        who: 'system:serviceaccount:a:b',
        untilMs: Date.parse('2027-03-01T12:00:00Z'),
        reason: 'at 12:30: look',
      },
    ],
    ['off by li.wei at 2027-03-01T12:00:00Z', { kind: 'off', who: 'li.wei', atMs: Date.parse('2027-03-01T12:00:00Z') }],
    ['on', undefined],
    ['on until tomorrow', undefined],
    ['on until 2027-13-01T12:00:00Z', undefined],
    ['off', undefined],
    [' on until stopped', undefined],
    ['ON until stopped', undefined],
  ])('%s is read as written', (text, want) => {
    expect(parseCommand(text)).toEqual(want);
  });
});

const annotated = (
  levels: readonly ContingencyLevel[],
  said: Readonly<Record<string, string>> = {},
): VoucherCampaign => {
  const entries = Object.entries(said).map(([name, text]) => [`contingency.voucher-operator.io/${name}`, text]);
  return aCampaign({ spec: { contingency: { levels } }, metadata: { annotations: Object.fromEntries(entries) } });
};

const outcome = (
  campaign: VoucherCampaign,
  changes: {
    readonly nowMs?: number;
    readonly previous?: Observed['previous'];
    readonly observed?: Partial<Observed>;
  } = {},
): ContingencyOutcome => {
  const nowMs = changes.nowMs ?? NOW_MS;
  return contingencyOf({
    campaign,
    observed: { readings: freshReadings(nowMs), journal: SYNCED, previous: changes.previous, ...changes.observed },
    memory: memories(),
    nowMs,
  });
};

describe('contingencyOf', () => {
  it('takes several levels together: the least admission and the page of the last', () => {
    const page = (en: string) => ({ text: { 'zh-CN': en, en }, retryAfterSeconds: 30 });
    const levels = [
      aLevel({ name: 'a', effect: { admissionPerSecond: 50, staticPage: page('a') } }),
      aLevel({ name: 'b', effect: { admissionPerSecond: 80, staticPage: page('b') } }),
      aLevel({ name: 'c', effect: { admissionPercent: 50 } }),
    ];
    const on = 'on until stopped';
    const { effects, inForce } = outcome(annotated(levels, { a: on, b: on, c: on }));
    expect(effects).toEqual({ admissionPerSecond: 50, admissionPercent: 50, page: { ...page('b'), title } });
    expect(inForce.map(({ status }) => status)).toEqual(
      ['a', 'b', 'c'].map((name) => ({ name, since: at(NOW_MS), by: 'Command', reason: 'no reason was given' })),
    );
  });

  it('says what can’t be read and which levels there are', () => {
    const { unreadable, inForce } = outcome(annotated([aLevel()], { 'narrow-door': 'yes', other: 'on until stopped' }));
    expect(inForce).toEqual([]);
    expect(unreadable).toEqual([
      expect.stringContaining("contingency.voucher-operator.io/narrow-door can't be read: write for example"),
      expect.stringContaining('names no level of spec.contingency.levels: remove it; the levels are narrow-door'),
    ]);
  });

  it('knows a level that is named like a property of every object', () => {
    expect(outcome(annotated([aLevel({ name: 'constructor' })])).inForce).toEqual([]);
  });

  it.each<[string, Partial<Observed>, ContingencyLevel['trigger']]>([
    [
      'a backlog',
      { readings: freshReadings(NOW_MS, { backlog: 900 }) },
      { signal: 'Backlog', atLeast: 900, heldFor: '1s' },
    ],
    [
      'a share that is sent away',
      { readings: { ...freshReadings(NOW_MS), shedPercent: { kind: 'fresh', value: 80, atMs: NOW_MS } } },
      { signal: 'ShedPercent', atLeast: 80, heldFor: '1s' },
    ],
    [
      'a journal that is away',
      { journal: { kind: 'unavailable', message: 'away' } },
      { signal: 'JournalUnavailable', heldFor: '1s' },
    ],
  ])('sees %s, and begins to count', (_, observed, trigger) => {
    const level = aLevel(trigger === undefined ? {} : { trigger, back: { when: 'Command' } });
    const { memory, isCounting } = outcome(annotated([level]), { observed });
    expect(memory.get('narrow-door')?.held).toEqual({ ms: 0, seenMs: NOW_MS });
    expect(isCounting).toBe(true);
  });

  it('does not count by signals that are stale', () => {
    const stale = (reading: Reading<{ messages: number; oldestSeconds: number }>) => ({
      ...freshReadings(NOW_MS),
      backlog: { records: reading },
    });
    const level = aLevel({ trigger: waits, back: clear });
    const value = { messages: 9, oldestSeconds: 500 };
    const look = (kind: 'fresh' | 'stale') =>
      outcome(annotated([level]), { observed: { readings: stale({ kind, value, atMs: NOW_MS }) } }).isCounting;
    expect([look('fresh'), look('stale')]).toEqual([true, false]);
  });

  it('goes on where the leader before left off', () => {
    const level = aLevel({ trigger: waits, back: { when: 'Command' } });
    const memory = serializeContingencyMemory(
      new Map([['narrow-door', { held: { ms: 29_500, seenMs: NOW_MS - 2_500 } }]]),
    );
    const readings = {
      ...freshReadings(NOW_MS),
      backlog: { records: { kind: 'fresh', value: { messages: 9, oldestSeconds: 131 }, atMs: NOW_MS } as const },
    };
    const { inForce } = outcome(annotated([level]), {
      observed: { readings },
      ...(memory === undefined ? {} : { previous: { contingencyMemory: memory } }),
    });
    expect(inForce[0]?.status).toEqual({
      name: 'narrow-door',
      since: at(NOW_MS),
      by: 'Trigger',
      reason: 'OldestWaitSeconds was 131, at least 120, for 30s',
    });
  });
});

describe('an extended closing', () => {
  const HOUR_MS = 3_600_000;
  const later = aLevel({ name: 'more-time', effect: { extendClosing: '2h' } });
  const on = { 'more-time': 'on until stopped' };
  const told = (ms: number) => ({ previous: { closesAt: at(ms) } });

  it('is later by what the level says, in everything that goes by it', () => {
    const { closesAtMs } = outcome(annotated([later], on));
    expect(closesAtMs).toBe(CLOSES_AT_MS + 2 * HOUR_MS);
    expect(withClosing(annotated([later], on), closesAtMs).spec.window.closesAt).toBe(at(CLOSES_AT_MS + 2 * HOUR_MS));
  });

  it.each<[string, Parameters<typeof outcome>[1] & object, Readonly<Record<string, string>>, number | undefined]>([
    ['is nothing without the level', {}, {}, undefined],
    ['stays when the level ends', told(CLOSES_AT_MS + 2 * HOUR_MS), {}, CLOSES_AT_MS + 2 * HOUR_MS],
    ['does not grow when the level comes again', told(CLOSES_AT_MS + 2 * HOUR_MS), on, CLOSES_AT_MS + 2 * HOUR_MS],
    ['is never shorter than citizens were told', told(CLOSES_AT_MS + 5 * HOUR_MS), on, CLOSES_AT_MS + 5 * HOUR_MS],
    ['does not come after closing', { nowMs: CLOSES_AT_MS }, on, undefined],
    [
      'comes in the time that was added',
      { ...told(CLOSES_AT_MS + HOUR_MS), nowMs: CLOSES_AT_MS + 60_000 },
      on,
      CLOSES_AT_MS + 2 * HOUR_MS,
    ],
  ])('%s', (_, changes, said, want) => {
    expect(outcome(annotated([later], said), changes).closesAtMs).toBe(want);
  });

  it('that comes too late is named', () => {
    expect(outcome(annotated([later], on), { nowMs: CLOSES_AT_MS }).tooLate).toEqual(['more-time']);
    const before = outcome(annotated([later], on), { nowMs: CLOSES_AT_MS - 1 });
    expect(before.tooLate).toEqual([]);
  });

  it('is never shortened, whatever comes and goes', () => {
    const hours = fc.integer({ min: 1, max: 9 });
    const steps = fc.array(fc.tuple(hours, fc.boolean(), fc.integer({ min: 0, max: 4 * HOUR_MS })), { maxLength: 30 });
    fc.assert(
      fc.property(steps, (walk) => {
        let nowMs = NOW_MS;
        let toldMs = CLOSES_AT_MS;
        let closesAt: string | undefined;
        for (const [added, isOn, passedMs] of walk) {
          nowMs += passedMs;
          const level = aLevel({ name: 'more-time', effect: { extendClosing: `${added}h` } });
          const previous = closesAt === undefined ? {} : { closesAt };
          const { closesAtMs } = outcome(annotated([level], isOn ? on : {}), { nowMs, previous });
          const effectiveMs = closesAtMs ?? CLOSES_AT_MS;
          if (effectiveMs < toldMs || (nowMs >= toldMs && effectiveMs !== toldMs)) return false;
          toldMs = effectiveMs;
          closesAt = closesAtMs === undefined ? undefined : at(closesAtMs);
        }
        return true;
      }),
    );
  });
});

describe('the memory', () => {
  it('comes back as it was', () => {
    const memory = new Map<string, LevelMemory>([
      ['a', { sinceMs: 1, triggered: { atMs: 1, value: 3.5 }, held: { ms: 2, seenMs: 4 } }],
      ['b', { isDisarmed: true }],
    ]);
    expect(parseContingencyMemory(serializeContingencyMemory(memory))).toEqual(memory);
    expect(serializeContingencyMemory(new Map())).toBeUndefined();
  });

  it.each([
    '',
    'null',
    '{}',
    '{"v":2,"levels":{}}',
    '{"v":1,"levels":{"a":{"s":"x"}}}',
    '{"v":1,"levels":{"a":{"d":2}}}',
  ])('is nothing when it says %j', (text) => {
    expect(parseContingencyMemory(text)).toEqual(new Map());
  });
});
