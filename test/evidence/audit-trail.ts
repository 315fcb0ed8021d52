/**
 * The trail of who authorised what: on a real cluster through the life of a campaign until everything of it is deleted,
 * by people with their own rights; and on three real journal servers against writers that race, a leader that is killed,
 * and forgers, whose work the same check must report. `--cluster NAME` uses a cluster that is there.
 */

import { checkTrail } from '../../cli/audit/trail.ts';
import { AUDIT_STREAM } from '../../contract/names.ts';
import { createAuditLog } from '../../journal/audit-log.ts';
import { liveTrailedLife, TRAILED_CAMPAIGN, TRAILED_STEPS } from '../helpers/audit-on-cluster.ts';
import { entriesOf, type Forgery, forge, linesOf, race, writeWhole } from '../helpers/audit-play.ts';
import { withPlatform } from '../helpers/platform.ts';
import { startRealJournal } from '../helpers/real-journal.ts';
import type { Scenario } from '../helpers/scenario.ts';

const RACES = 10;
const LEADERS = 3;
const FORGERIES: readonly Forgery[] = ['one removed', 'one altered', 'the order changed', 'the last two cut off'];

const onServers = async () => {
  const journal = await startRealJournal();
  try {
    const log = createAuditLog({ connection: journal.connection, replicas: 3 });
    await writeWhole(log, 'reference');
    const idsOf = async (id: string) => (await entriesOf(log, id)).map((entry) => entry?.id);
    const whole = await idsOf('reference');
    const races = [];
    for (let n = 0; n < RACES; n += 1) {
      const id = `race-${n}`;
      await race(journal, id, LEADERS);
      const ids = await idsOf(id);
      races.push({
        entries: ids.length,
        twice: ids.length - new Set(ids).size,
        missing: whole.filter((one) => !ids.includes(one)).length,
        breaks: checkTrail(await linesOf(log, id)).breaks,
      });
    }
    const { failures } = await writeWhole(log, 'killed', async (view) => {
      if (view !== 4) return;
      const { cluster } = await journal.manager.streams.info(AUDIT_STREAM);
      const leader = journal.cluster.nodes.find(({ name }) => name === cluster?.leader);
      leader?.kill('SIGKILL');
      void leader?.restart();
    });
    const killed = { failures, ids: await idsOf('killed'), breaks: checkTrail(await linesOf(log, 'killed')).breaks };
    await journal.cluster.ready(new AbortController().signal);
    const forgeries: Record<string, readonly string[]> = {};
    for (const forgery of FORGERIES) {
      const id = forgery.replaceAll(' ', '-');
      await writeWhole(log, id);
      forgeries[forgery] = (await forge(journal, id, forgery)).breaks;
    }
    return { whole, races, killed, forgeries };
  } finally {
    await journal.stop();
  }
};

export const scenario: Scenario = {
  issue: '06',
  run: (context) =>
    withPlatform(context, TRAILED_CAMPAIGN, async (platform) => {
      const { progress } = context;
      const life = await liveTrailedLife(platform, progress);
      progress('writers that race, a leader that is killed, forgers');
      const servers = await onServers();
      const { whole, races, killed, forgeries } = servers;
      const steps = life.entries.map(({ step }) => step).toSorted();
      const ids = life.entries.map(({ id }) => id);
      const isRefused = (text: string): boolean => /forbidden|lack permission to read trails|NotFound/i.test(text);
      const twice = ids.length - new Set(ids).size;
      return {
        kind: 'ran',
        holds:
          JSON.stringify([...new Set(steps)]) === JSON.stringify(TRAILED_STEPS) &&
          twice === 0 &&
          life.check.breaks.length === 0 &&
          life.decision.by === 'system:serviceaccount:vouchers:owner' &&
          life.decision.apart < 2_000 &&
          Object.values(life.doors).every(isRefused) &&
          races.every((one) => one.twice === 0 && one.missing === 0 && one.breaks.length === 0) &&
          JSON.stringify(killed.ids) === JSON.stringify(whole) &&
          killed.breaks.length === 0 &&
          // The twin: the check that finds nothing above does find something.
          Object.values(forgeries).every((breaks) => breaks.length > 0),
        summary: {
          entriesAfterEverythingWasDeleted: ids.length,
          steps,
          twice,
          breaks: life.check.breaks.length,
          endedAfterMs: life.endedAfterMs,
          decisionApartFromTheApiServersLogMs: life.decision.apart,
          doorsShut: Object.values(life.doors).filter(isRefused).length,
          races: races.length,
          leadersEach: LEADERS,
          entriesTwiceInRaces: races.reduce((sum, one) => sum + one.twice, 0),
          entriesMissingInRaces: races.reduce((sum, one) => sum + one.missing, 0),
          failedWritesWhileALeaderWasKilled: killed.failures,
          sabotage: Object.fromEntries(Object.entries(forgeries).map(([what, [first = 'NOT SEEN']]) => [what, first])),
        },
        raw: { life, servers },
      };
    }),
};
