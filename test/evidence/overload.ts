/**
 * Twice the capacity: a crowd of twice what the ready pods are declared for, on a campaign that may not grow. Shed
 * answers are quick, publishes per accepted registration stay within 1.15, and nothing acknowledged is lost.
 */

import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { METRICS } from '../../contract/app-contract.ts';
import { startLoad } from '../../local/demo/load-process.ts';
import { runLedgerCheck } from '../../local/ledger-check/run-ledger-check.ts';
import { parseMetrics } from '../../operator/signals/metrics-text.ts';
import { register } from '../helpers/citizen-client.ts';
import { eventually } from '../helpers/eventually.ts';
import type { Scenario } from '../helpers/scenario.ts';
import { withStack } from '../helpers/with-stack.ts';

/** Two pods of 60/s: 120/s of capacity, 240/s offered, within what two cores bear beside everything else. */
const POD_CAPACITY = 60;
const PODS = 2;
const SECONDS = 25;
const PROBE_FIRST_CITIZEN = 1_000_000;

const totals = (
  pages: readonly { readonly text: string }[],
): { readonly published: number; readonly accepted: number } => {
  let published = 0;
  let accepted = 0;
  for (const { text } of pages) {
    const families = parseMetrics(text, [METRICS.journalPublishes, METRICS.intakeArrivals]);
    for (const { value } of families.get(METRICS.journalPublishes) ?? []) published += value;
    for (const { labels, value } of families.get(METRICS.intakeArrivals) ?? []) {
      if (labels['outcome'] === 'accepted') accepted += value;
    }
  }
  return { published, accepted };
};

export const scenario: Scenario = {
  issue: '02',
  run: ({ signal }) =>
    withStack(
      { intake: { min: PODS, max: PODS, capacityPerReplica: POD_CAPACITY }, waitingRoom: { enabled: false } },
      signal,
      async (stack, stateDir) => {
        const traceFile = join(stateDir, 'trace.csv');
        const ledgerFile = join(stateDir, 'ledger.jsonl');
        await writeFile(traceFile, `seconds,arrivalsPerSecond\n0,${2 * PODS * POD_CAPACITY}\n${SECONDS},0\n`);
        const load = startLoad({
          url: stack.url,
          traceFile,
          opensAtMs: Date.now(),
          seed: 5,
          ledgerFile,
          categories: ['dining'],
          logFile: join(stateDir, 'generator.log'),
        });
        let isOver = false;
        void load.done.then(() => {
          isOver = true;
        });
        // Probes beside the crowd: what an answer costs in time, by its status.
        const probes: { readonly status: number; readonly ms: number }[] = [];
        for (let citizen = PROBE_FIRST_CITIZEN; !isOver; citizen += 1) {
          const startedAt = performance.now();
          const { status, retryAfter } = await register(stack.url, citizen, randomUUID(), { seed: 6 });
          probes.push({ status, ms: Number((performance.now() - startedAt).toFixed(1)) });
          if (status === 503 && retryAfter === undefined) throw new Error('a 503 without Retry-After');
        }
        const sent = await load.done;
        await eventually(() => stack.snapshot().backlog === 0, { what: 'the backlog to drain' });
        const { published, accepted } = totals(await stack.metrics());
        const { campaignId, shards } = stack;
        const ledger = await runLedgerCheck({ ...stack.ledgerCheck, campaignId, shards, ledgerFile }, signal);
        const shedMs = probes
          .filter(({ status }) => status === 503)
          .map(({ ms }) => ms)
          .sort((a, b) => a - b);
        const at = (share: number): number => shedMs[Math.floor(shedMs.length * share)] ?? 0;
        const perAccepted = Number((published / Math.max(1, accepted)).toFixed(3));
        return {
          kind: 'ran',
          holds: perAccepted <= 1.15 && ledger.lost === 0 && shedMs.length > 0 && (sent?.shed ?? 0) > 0,
          summary: {
            offered: 2 * PODS * POD_CAPACITY,
            accepted,
            publishedPerAccepted: perAccepted,
            shed: sent?.shed,
            shedP50Ms: at(0.5),
            shedP99Ms: at(0.99),
            lost: ledger.lost,
          },
          raw: { sent, probes, ledgerCheck: { ...ledger, lostFromDatabase: ledger.lostFromDatabase.length } },
        };
      },
    ),
};
