/** What an admin sees: the words of kubectl about a campaign, as they are. `--cluster NAME` uses a cluster that is there. */
import { withPlatform } from '../helpers/platform.ts';
import type { Scenario } from '../helpers/scenario.ts';

const COMMANDS = {
  get: ['get', 'vcamp'],
  getWide: ['get', 'vcamp', '-o', 'wide'],
  describe: ['describe', 'vcamp', 'test'],
  explain: ['explain', 'vcamp.spec.scaling'],
  events: ['events', '--for', 'vcamp/test'],
  getPlans: ['get', 'splan'],
} as const;

/** What must be found in the words; a command that says nothing of it would be no evidence. */
const SAYS: Partial<Record<keyof typeof COMMANDS, RegExp>> = {
  get: /STAGE +OPENS +RATE\/S +BACKLOG +WAIT +INTAKE +PLAN +OK +AGE\n.* Open .* 2\/2\//,
  describe: /Reason: +AllTiersReady[\s\S]*JournalReady/,
  explain: /peakArrivalsPerSecond\s+<integer>[\s\S]*tiers\s+<Object>/,
};

export const scenario: Scenario = {
  issue: '03',
  run: (context) =>
    withPlatform(context, { intake: { min: 2, max: 4, capacityPerReplica: 500 } }, async ({ kubectl }) => {
      const raw: Record<string, string> = {};
      for (const [name, args] of Object.entries(COMMANDS)) raw[name] = await kubectl(...args);
      const missing = Object.entries(SAYS)
        .filter(([name, wanted]) => !wanted.test(raw[name] ?? ''))
        .map(([name]) => name);
      return { kind: 'ran', holds: missing.length === 0, summary: { missing, get: raw['get'] }, raw };
    }),
};
