/** Trails in a journal that loses answers, under leaders that end anywhere and work side by side. */
import { describe, expect, it } from '@jest/globals';
import { checkTrail } from '../../../cli/audit/trail.ts';
import { seededRandom } from '../../../local/load/random.ts';
import { bringUpToDate, type KnownTrail } from '../../../operator/audit/audit-writer.ts';
import { type AuditView, missingEntries } from '../../../operator/audit/step-entries.ts';
import { at, aView, campaignWith, HISTORY } from '../../helpers/audit-history.ts';
import { FakeAuditLog } from '../../helpers/fake-audit-log.ts';

const never = new AbortController().signal;
const ID = 'chengdu-2020-3';
const ROUNDS = 200;

const write = (log: FakeAuditLog, view: AuditView, known?: KnownTrail): Promise<KnownTrail> =>
  bringUpToDate(log, ID, known, (trail) => missingEntries(view, trail), never);
const idsOf = (log: FakeAuditLog): readonly string[] => log.entries(ID).map(({ id }) => id);

const undisturbed = async (): Promise<readonly string[]> => {
  const log = new FakeAuditLog();
  let known: KnownTrail | undefined;
  for (const view of HISTORY) known = await write(log, view, known);
  return idsOf(log);
};

describe('a trail', () => {
  it('has every entry once, whatever answers are lost and leaders end', async () => {
    const expected = await undisturbed();
    for (let seed = 1; seed <= ROUNDS; seed += 1) {
      const { next: random } = seededRandom(seed);
      const log = new FakeAuditLog();
      log.fate = () => (random() < 0.6 ? 'acknowledged' : random() < 0.5 ? 'stored, answer lost' : 'lost');
      let known: KnownTrail | undefined;
      for (const view of HISTORY) {
        for (let isDone = false; !isDone; ) {
          // A new leader knows nothing yet.
          if (random() < 0.2) known = undefined;
          try {
            known = await write(log, view, known);
            isDone = true;
          } catch {
            known = undefined;
          }
        }
      }
      expect([seed, idsOf(log)]).toEqual([seed, expected]);
      expect(checkTrail(log.lines(ID)).breaks).toEqual([]);
    }
  });

  it('has every entry once when two leaders write side by side, one with a watch that lags', async () => {
    const expected = (await undisturbed()).toSorted();
    for (let seed = 1; seed <= ROUNDS; seed += 1) {
      const { next: random } = seededRandom(seed);
      const log = new FakeAuditLog();
      const leaders: { next: number; known: KnownTrail | undefined }[] = [
        { next: 0, known: undefined },
        { next: 0, known: undefined },
      ];
      while (leaders.some(({ next }) => next < HISTORY.length)) {
        // The one that is behind sees what the other saw a minute before.
        const both = leaders.map(async (leader) => {
          const view = HISTORY[leader.next];
          if (view === undefined || random() < 0.3) return;
          leader.known = await write(log, view, leader.known);
          leader.next += 1;
        });
        await Promise.all(both);
        const most = Math.max(...leaders.map(({ next }) => next));
        for (const leader of leaders) leader.next = Math.max(leader.next, most - 1);
      }
      expect([seed, idsOf(log).toSorted()]).toEqual([seed, expected]);
      expect(checkTrail(log.lines(ID)).breaks).toEqual([]);
    }
  });

  it('has all that lasted after an outage over half of the history', async () => {
    const whole = new Set(await undisturbed());
    const log = new FakeAuditLog();
    let known: KnownTrail | undefined;
    for (const view of HISTORY.slice(0, 3)) known = await write(log, view, known);
    log.outage = new Error('no journal');
    for (const view of HISTORY.slice(3, 6)) await expect(write(log, view, known)).rejects.toThrow('no journal');
    log.outage = undefined;
    for (const view of HISTORY.slice(5)) known = await write(log, view, known);
    expect(new Set(idsOf(log))).toEqual(whole);
  });

  it('asks nobody while nothing is missing', async () => {
    const log = new FakeAuditLog();
    const view = aView({ minutes: 5 });
    const known = await write(log, view);
    const before = [log.reads, log.appends];
    await write(log, { ...view, nowMs: at(6) }, known);
    expect([log.reads, log.appends]).toEqual(before);
  });

  it('begins anew behind a stream that was taken away', async () => {
    const known = await write(new FakeAuditLog(), aView({ minutes: -5 }));
    const empty = new FakeAuditLog();
    await write(empty, aView({ minutes: -4, campaign: campaignWith({ intake: 30 }) }), known);
    expect(empty.entries(ID).map(({ step }) => step)).toEqual(['campaign_created']);
  });
});
