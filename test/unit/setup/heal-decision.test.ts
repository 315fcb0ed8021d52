import { describe, expect, it } from '@jest/globals';
import {
  decideHeal,
  type HealInput,
  type HealMemory,
  NEVER_HEALED,
  type ServerView,
} from '../../../operator/setup/heal-decision.ts';

const well: ServerView = { trouble: 'none', runsForMs: 3_600_000 };
const sick: ServerView = { trouble: 'writeError', runsForMs: 3_600_000 };
const off: ServerView = { trouble: 'jetStreamOff', runsForMs: 3_600_000 };
const young: ServerView = { trouble: 'none', runsForMs: 5_000 };
const GIB = 2 ** 30;

const sickFor = (seconds: number, memory: Partial<HealMemory> = {}) => ({
  memory: { ...NEVER_HEALED, sickSinceMs: 0, ...memory },
  nowMs: seconds * 1_000,
});
const restarts = (
  ordinal: number,
  servers: HealInput['servers'],
  { memory, nowMs }: ReturnType<typeof sickFor> = sickFor(10),
  freeBytes: number | undefined = GIB,
): boolean => decideHeal({ ordinal, servers, freeBytes }, memory, nowMs).restart;

describe('a server of the journal', () => {
  it.each([
    ['is well', 0, [well, sick, sick], false],
    ['does not answer', 0, [undefined, well, well], false],
    ['has a write error', 0, [sick, well, well], true],
    ['has switched JetStream off', 1, [well, off, well], true],
    ['has a write error while one of a lower number has one', 1, [sick, sick, well], false],
    ['has a write error while one of a higher number has one', 1, [well, sick, sick], true],
    ['has a write error while another one is away', 0, [sick, undefined, well], false],
    ['has a write error while another one has just started', 2, [young, well, sick], false],
  ] as const)('that %s', (_, ordinal, servers, want) => {
    expect(restarts(ordinal, servers)).toBe(want);
  });

  it('is not restarted for what may pass, nor for a full disk that is still full', () => {
    expect(restarts(0, [sick, well, well], sickFor(9))).toBe(false);
    expect(restarts(0, [off, well, well], sickFor(60), 2 ** 20)).toBe(false);
    expect(restarts(0, [sick, well, well], sickFor(60), 2 ** 20)).toBe(true);
  });

  it('goes alone in the end, each at a time of its own, and never beside one that has just started', () => {
    expect(restarts(2, [undefined, well, sick], sickFor(149))).toBe(false);
    expect(restarts(2, [undefined, well, sick], sickFor(150))).toBe(true);
    expect(restarts(0, [sick, undefined, well], sickFor(90))).toBe(true);
    expect(restarts(0, [sick, undefined, young], sickFor(1_000))).toBe(false);
  });

  it('is restarted ever more rarely when that does not help', () => {
    const again = (restartsSoFar: number, seconds: number) =>
      restarts(0, [sick, well, well], sickFor(seconds, { restarts: restartsSoFar, restartedAtMs: 0 }));
    expect([again(1, 59), again(1, 60), again(2, 119), again(2, 120), again(9, 599), again(9, 600)]).toEqual([
      false,
      true,
      false,
      true,
      false,
      true,
    ]);
  });

  it('never goes together with another one, whatever the three of them have', () => {
    // Three servers that all fail at once, and again and again: each runs the same rule, a restart takes 4 s.
    const memory = [NEVER_HEALED, NEVER_HEALED, NEVER_HEALED];
    const upSince = [-1e6, -1e6, -1e6];
    const isSick = [true, true, true];
    let restarted = 0;
    for (let nowMs = 0; nowMs < 1_800_000; nowMs += 1_000) {
      const views = upSince.map((since, n): ServerView | undefined =>
        nowMs < since ? undefined : { trouble: isSick[n] ? 'writeError' : 'none', runsForMs: nowMs - since },
      );
      expect(views.filter((view) => view === undefined).length).toBeLessThanOrEqual(1);
      for (const ordinal of [0, 1, 2]) {
        if ((nowMs / 1_000 + ordinal) % 3 !== 0) continue;
        const decision = decideHeal(
          { ordinal, servers: views, freeBytes: GIB },
          memory[ordinal] ?? NEVER_HEALED,
          nowMs,
        );
        memory[ordinal] = decision.memory;
        if (!decision.restart) continue;
        restarted += 1;
        upSince[ordinal] = nowMs + 4_000;
        isSick[ordinal] = false;
      }
      if (nowMs % 400_000 === 0) isSick.fill(true);
    }
    expect(restarted).toBeGreaterThanOrEqual(3);
    expect(isSick).toEqual([false, false, false]);
  });
});
