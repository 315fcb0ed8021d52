/** Title and closing time edited under load: how long until every answer shows them; and that no process restarted. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { request } from 'undici';
import { z } from 'zod';
import { startLoad } from '../../local/demo/load-process.ts';
import type { Scenario } from '../helpers/scenario.ts';
import { stackCampaignYaml, withStack } from '../helpers/with-stack.ts';

const campaign = z.object({ title: z.object({ en: z.string() }), window: z.object({ closesAt: z.string() }) });
const EDITS = 10;
/** As many answers in a row must be new as make it sure that every pod gave one. */
const ANSWERS_IN_A_ROW = 12;

export const scenario: Scenario = {
  issue: '02',
  run: ({ signal }) =>
    withStack({ intake: { min: 3, max: 3, capacityPerReplica: 500 } }, signal, async (stack, stateDir) => {
      const startedAtMs = Date.now();
      const idsOf = (): string =>
        stack
          .processes()
          .filter(({ role }) => role === 'intake' || role === 'records')
          .map(({ id }) => id)
          .sort()
          .join(' ');
      const before = idsOf();
      const traceFile = join(stateDir, 'trace.csv');
      await writeFile(traceFile, 'seconds,arrivalsPerSecond\n0,150\n40,0\n');
      const load = startLoad({
        url: stack.url,
        traceFile,
        opensAtMs: Date.now(),
        seed: 1,
        ledgerFile: join(stateDir, 'ledger.jsonl'),
        categories: ['dining'],
        logFile: join(stateDir, 'generator.log'),
      });
      const shown = async (): Promise<z.infer<typeof campaign>> => {
        const response = await request(`${stack.url}/api/v1/campaigns/${stack.campaignId}`, { reset: true });
        return campaign.parse(await response.body.json());
      };
      const samples: { readonly edit: number; readonly effectiveAfterMs: number }[] = [];
      for (let edit = 1; edit <= EDITS; edit += 1) {
        const titleEn = `Edited ${edit}`;
        const closesInMs = 3_600_000 + edit * 60_000;
        const closesAt = new Date(startedAtMs + closesInMs).toISOString();
        const yaml = stackCampaignYaml(
          { titleEn, closesInMs, intake: { min: 3, max: 3, capacityPerReplica: 500 } },
          startedAtMs,
        );
        const opensAt = stack.snapshot().opensAtMs;
        const editedAt = performance.now();
        await stack.applyCampaign(
          yaml.replace(/opensAt: .*/, `opensAt: ${JSON.stringify(new Date(opensAt).toISOString())}`),
        );
        let lastOldAt = editedAt;
        for (let inARow = 0; inARow < ANSWERS_IN_A_ROW; ) {
          signal.throwIfAborted();
          const answer = await shown();
          const isNew = answer.title.en === titleEn && Date.parse(answer.window.closesAt) === Date.parse(closesAt);
          inARow = isNew ? inARow + 1 : 0;
          if (!isNew) lastOldAt = performance.now();
          if (!isNew && lastOldAt - editedAt > 30_000) throw new Error(`edit ${edit} was not in force after 30 s`);
        }
        samples.push({ edit, effectiveAfterMs: Math.round(lastOldAt - editedAt) });
      }
      load.stop();
      const final = await load.done;
      const worstMs = Math.max(...samples.map(({ effectiveAfterMs }) => effectiveAfterMs));
      const restarted = before !== idsOf();
      return {
        kind: 'ran',
        holds: worstMs <= 2_000 && !restarted && (final?.acknowledged ?? 0) > 0,
        summary: { edits: EDITS, worstMs, restarted, acknowledgedMeanwhile: final?.acknowledged },
        raw: samples,
      };
    }),
};
