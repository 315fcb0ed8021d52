/**
 * Head-room on nodes, with a real API server and scheduler, nodes without machines, and a script that plays a node
 * autoscaler that takes 20 s: with head-room no intake pod may wait longer than two seconds for a node; the same growth
 * without it must wait, or the watch would see nothing.
 */
import { playHeadroom } from '../helpers/headroom-play.ts';
import type { Scenario } from '../helpers/scenario.ts';

const STEPS = [6, 10, 14, 18, 22, 26];
const NODE_DELAY_MS = 20_000;
const MOST_PENDING_MS = 2_000;

export const scenario: Scenario = {
  issue: '04',
  run: async ({ progress }) => {
    const play = async (headroomReplicas: number) => {
      const figures = await playHeadroom({ headroomReplicas, steps: STEPS, nodeDelayMs: NODE_DELAY_MS });
      const longestMs = Math.max(...figures.pendingMs);
      progress(`head-room ${headroomReplicas}: ${figures.pendingMs.length} pods, the longest wait ${longestMs} ms`);
      return { ...figures, longestMs };
    };
    const kept = await play(6);
    const none = await play(0);
    const summary = {
      with: { pods: kept.pendingMs.length, longestMs: kept.longestMs, nodes: kept.nodes },
      without: { pods: none.pendingMs.length, longestMs: none.longestMs, nodes: none.nodes, said: none.said.at(0) },
    };
    return {
      kind: 'ran',
      holds: kept.longestMs <= MOST_PENDING_MS && none.longestMs > NODE_DELAY_MS && none.said.length > 0,
      summary,
      raw: { kept, none },
    };
  },
};
