import { describe, expect, it } from '@jest/globals';
import {
  decideHeal,
  type HealInput,
  type HealMemory,
  NEVER_HEALED,
  type ServerView,
} from '../../../operator/setup/heal-decision.ts';

const well: ServerView = { trouble: 'none', isReady: true, runsForMs: 3_600_000, broken: [], behind: [] };
const sick: ServerView = { ...well, trouble: 'writeError', broken: ['REG > a'] };
const dead: ServerView = { ...well, trouble: 'writeError', broken: 'all' };
const off: ServerView = { ...well, trouble: 'jetStreamOff', broken: 'all' };
const young: ServerView = { ...well, runsForMs: 5_000 };
/** Monitoring answers; the store is still being read. */
const reading: ServerView = { ...well, isReady: false, runsForMs: 3_600_000 };
const behindIn = (behind: ServerView['behind'], runsForMs = 60_000): ServerView => ({ ...well, behind, runsForMs });
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
    ['has a write error while another one still reads its store', 1, [reading, sick, sick], false],
    ['stores nothing while another one still reads its store', 1, [reading, dead, sick], false],
    [
      'has a write error while another one catches up in what this one carries',
      1,
      [behindIn(['REG > b']), sick, well],
      false,
    ],
    ['has a write error while another one catches up, it is not said in what', 1, [behindIn('all'), sick, well], false],
    [
      'has a write error while another one waits for a leader in what broke here',
      1,
      [behindIn(['REG > a']), sick, sick],
      true,
    ],
    ['stores nothing while another one waits for leaders', 1, [behindIn('all'), dead, dead], true],
    [
      'has a write error while another one has been behind for long',
      1,
      [behindIn(['REG > b'], 120_000), sick, well],
      true,
    ],
  ] as const)('that %s', (_, ordinal, servers, want) => {
    expect(restarts(ordinal, servers)).toBe(want);
  });

  it('is not restarted for what may pass, nor for a full disk that is still full', () => {
    expect(restarts(0, [sick, well, well], sickFor(9))).toBe(false);
    expect(restarts(0, [off, well, well], sickFor(60), 2 ** 20)).toBe(false);
    expect(restarts(0, [sick, well, well], sickFor(60), 2 ** 20)).toBe(true);
  });

  it('goes alone in the end, each at a time of its own, if it stores nothing any more', () => {
    for (const own of [dead, off]) {
      expect(restarts(2, [undefined, well, own], sickFor(149))).toBe(false);
      expect(restarts(2, [undefined, well, own], sickFor(150))).toBe(true);
      expect(restarts(0, [own, undefined, well], sickFor(90))).toBe(true);
    }
    expect(restarts(1, [sick, sick, well], sickFor(119))).toBe(false);
    expect(restarts(1, [sick, sick, well], sickFor(120))).toBe(true);
  });

  it('never ends the quorum of other streams for the sake of one, however long a server is lost', () => {
    expect(restarts(0, [sick, well, undefined], sickFor(1_000_000))).toBe(false);
    const { why } = decideHeal(
      { ordinal: 0, servers: [sick, well, undefined], freeBytes: GIB },
      sickFor(600).memory,
      600_000,
    );
    expect(why).toMatch(/server 2 does not answer, and a restart would end the quorum/);
  });

  it('never goes beside one that has just started or still reads its store, however long that takes', () => {
    expect(restarts(0, [dead, undefined, young], sickFor(1_000))).toBe(false);
    expect(restarts(0, [dead, well, reading], sickFor(1_000_000))).toBe(false);
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
    // Three servers that all fail at once, and again and again: each runs the same rule. A restart takes 4 s, and its store 40 s.
    const memory = [NEVER_HEALED, NEVER_HEALED, NEVER_HEALED];
    const upSince = [-1e6, -1e6, -1e6];
    const isSick = [true, true, true];
    let restarted = 0;
    for (let nowMs = 0; nowMs < 1_800_000; nowMs += 1_000) {
      const views = upSince.map((since, n): ServerView | undefined => {
        const now = { ...(isSick[n] ? sick : well), runsForMs: nowMs - since, isReady: nowMs - since >= 40_000 };
        return nowMs < since ? undefined : now;
      });
      expect(views.filter((view) => view?.isReady !== true).length).toBeLessThanOrEqual(1);
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
