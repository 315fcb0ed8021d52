/**
 * Many records pods are asked in turns, and judged together: a report counts until the pod's next turn. By one turn alone,
 * 3 of 40 pods in trouble would come and go.
 */
import type { ObservedPod } from '../tick/cluster-view.ts';
import type { PodFinding } from './pod-findings.ts';

interface Turn {
  readonly askedAtMs: number;
  readonly finding: PodFinding | undefined;
}

/** Three ticks of a campaign at rest. */
const KEPT_MS = 30_000;
/** A campaign without a tick for this long is gone. */
const FORGET_AFTER_MS = 10 * 60_000;

export const createWorkerTurns = (most: number) => {
  const campaigns = new Map<string, { readonly turns: Map<string, Turn>; askedAtMs: number }>();
  const turnsOf = (campaign: string, nowMs: number): Map<string, Turn> => {
    const known = campaigns.get(campaign);
    if (known !== undefined) {
      known.askedAtMs = nowMs;
      return known.turns;
    }
    for (const [other, { askedAtMs }] of campaigns) if (nowMs - askedAtMs > FORGET_AFTER_MS) campaigns.delete(other);
    const turns = new Map<string, Turn>();
    campaigns.set(campaign, { turns, askedAtMs: nowMs });
    return turns;
  };
  return {
    /** The pods to ask now: those first that were not asked for longest. All of them where they are few. */
    next(campaign: string, pods: readonly ObservedPod[], nowMs: number): readonly ObservedPod[] {
      if (pods.length === 0) {
        campaigns.delete(campaign);
        return [];
      }
      const turns = turnsOf(campaign, nowMs);
      const names = new Set(pods.map(({ name }) => name));
      for (const name of turns.keys()) if (!names.has(name)) turns.delete(name);
      const askedAtMs = ({ name }: ObservedPod): number => turns.get(name)?.askedAtMs ?? -1;
      const asked = [...pods].sort((a, b) => askedAtMs(a) - askedAtMs(b)).slice(0, most);
      for (const { name } of asked) turns.set(name, { finding: turns.get(name)?.finding, askedAtMs: nowMs });
      return asked;
    },
    /** Every pod of this turn with its report; undefined for one that did not answer. */
    heard(campaign: string, reports: readonly (readonly [pod: string, finding: PodFinding | undefined])[]): void {
      const turns = campaigns.get(campaign)?.turns;
      for (const [pod, finding] of reports) {
        const turn = turns?.get(pod);
        if (turn !== undefined) turns?.set(pod, { ...turn, finding });
      }
    },
    /** The last reports of these pods that are still recent. */
    known(campaign: string, pods: readonly ObservedPod[], nowMs: number): readonly PodFinding[] {
      const turns = campaigns.get(campaign)?.turns;
      return pods.flatMap(({ name }) => {
        const { askedAtMs = 0, finding } = turns?.get(name) ?? {};
        return finding === undefined || nowMs - askedAtMs > KEPT_MS ? [] : [finding];
      });
    },
  };
};
