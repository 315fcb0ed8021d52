/**
 * Many records pods are asked in turns, and judged together: what a pod said counts until its next turn. Judged by those of one
 * turn alone, 3 of 40 pods in trouble would come and go with it.
 */
import type { ObservedPod } from '../tick/cluster-view.ts';
import type { PodFinding } from './pod-findings.ts';

export interface WorkerTurns {
  /** Whose turn it is: those first that were not asked for longest. All of them where they are few. */
  next(campaign: string, pods: readonly ObservedPod[], nowMs: number): readonly ObservedPod[];
  /** Every pod of this turn with what it said; undefined for one that did not answer. */
  heard(campaign: string, said: readonly (readonly [pod: string, finding: PodFinding | undefined])[]): void;
  /** The last words of these pods, as far as they say something of now. */
  known(campaign: string, pods: readonly ObservedPod[], nowMs: number): readonly PodFinding[];
}

interface Turn {
  readonly askedAtMs: number;
  readonly finding: PodFinding | undefined;
}

/** Three looks at a campaign at rest. */
const KEPT_MS = 30_000;
/** A campaign that is not looked at for this long is gone. */
const FORGET_AFTER_MS = 10 * 60_000;

export const createWorkerTurns = (most: number): WorkerTurns => {
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
    next(campaign, pods, nowMs) {
      if (pods.length === 0) campaigns.delete(campaign);
      if (pods.length === 0) return [];
      const turns = turnsOf(campaign, nowMs);
      const names = new Set(pods.map(({ name }) => name));
      for (const name of turns.keys()) if (!names.has(name)) turns.delete(name);
      const askedAtMs = ({ name }: ObservedPod): number => turns.get(name)?.askedAtMs ?? -1;
      const asked = [...pods].sort((a, b) => askedAtMs(a) - askedAtMs(b)).slice(0, most);
      for (const { name } of asked) turns.set(name, { finding: turns.get(name)?.finding, askedAtMs: nowMs });
      return asked;
    },
    heard(campaign, said) {
      const turns = campaigns.get(campaign)?.turns;
      for (const [pod, finding] of said) {
        const turn = turns?.get(pod);
        if (turn !== undefined) turns?.set(pod, { ...turn, finding });
      }
    },
    known(campaign, pods, nowMs) {
      const turns = campaigns.get(campaign)?.turns;
      return pods.flatMap(({ name }) => {
        const { askedAtMs = 0, finding } = turns?.get(name) ?? {};
        return finding === undefined || nowMs - askedAtMs > KEPT_MS ? [] : [finding];
      });
    },
  };
};
