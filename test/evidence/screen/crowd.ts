/** A crowd that is only counted: metrics pages of straw pods, and the backlog that would be in the journal. */
import { createServer } from 'node:http';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { METRICS, PORTS } from '../../../contract/app-contract.ts';
import { LABELS } from '../../../contract/names.ts';

/** Registrations a second that one replica of each tier carries. */
const CARRIES = { intake: 1_000, records: 2_600 };
/** Of the crowd once it is there; a thirtieth of it comes before. */
const FLOOD_PER_SECOND = 11_840;
const RISES_WITHIN_S = 75;

export interface Crowd {
  /** Where the metrics page of a pod is, an address of the loopback network each. */
  readonly addressOf: (pod: Pod) => string;
  backlog(): { readonly messages: number; readonly oldestSeconds?: number };
  /** From now on it comes. */
  flood(): void;
  stop(): void;
}

export const startCrowd = async (): Promise<Crowd> => {
  const addresses = new Map<string, { readonly address: string; readonly tier: string }>();
  let [floodSinceMs, lastMs] = [Number.POSITIVE_INFINITY, Date.now()];
  let [arrived, recorded] = [0, 0];
  const perPod = new Map<string, number>();

  const rate = (nowMs: number): number => {
    const share = Math.min(1, Math.max(0, (nowMs - floodSinceMs) / 1000 / RISES_WITHIN_S));
    // Crowds are never even.
    return FLOOD_PER_SECOND * (1 / 30 + (29 / 30) * share) * (1 + 0.04 * Math.sin(nowMs / 7_000));
  };
  const podsOf = (tier: string): readonly string[] =>
    [...addresses.values()].flatMap((pod) => (pod.tier === tier ? [pod.address] : []));
  const advance = (): void => {
    const nowMs = Date.now();
    const seconds = (nowMs - lastMs) / 1000;
    lastMs = nowMs;
    const intake = podsOf('intake');
    const more = rate(nowMs) * seconds;
    arrived += Math.min(more, intake.length * CARRIES.intake * seconds);
    recorded = Math.min(arrived, recorded + podsOf('records').length * CARRIES.records * seconds);
    for (const address of intake) perPod.set(address, (perPod.get(address) ?? 0) + more / intake.length);
  };
  const beat = setInterval(advance, 200);
  const startedS = Date.now() / 1000;
  const server = createServer((request, response) => {
    const { localAddress = '' } = request.socket;
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    response.end(
      [
        ...['shed', 'refused', 'failed'].map((outcome) => `${METRICS.intakeArrivals}{outcome="${outcome}"} 0`),
        `${METRICS.intakeArrivals}{outcome="accepted"} ${Math.round(perPod.get(localAddress) ?? 0)}`,
        `${METRICS.scrapeTime} ${Date.now() / 1000}`,
        `${METRICS.processStart} ${startedS}`,
        `${METRICS.recordsTotal}{state="received"} ${Math.round(recorded)}`,
        ...['journal', 'database'].map((name) => `${METRICS.dependency}{dependency="${name}",state="answers"} 60`),
        `${METRICS.recentPublishes}{outcome="answers"} ${Math.round(perPod.get(localAddress) ?? 0)}`,
        `${METRICS.recordsInHand} 0`,
        '',
      ].join('\n'),
    );
  });
  await new Promise<void>((resolve) => server.listen(PORTS.admin, '0.0.0.0', resolve));
  return {
    addressOf({ metadata }) {
      const name = metadata?.name ?? '';
      const known = addresses.get(name);
      if (known !== undefined) return known.address;
      const given = addresses.size + 1;
      const address = `127.7.${given >> 8}.${given & 255}`;
      addresses.set(name, { address, tier: metadata?.labels?.[LABELS.component] ?? '' });
      return address;
    },
    backlog() {
      const messages = Math.round(arrived - recorded);
      const oldestSeconds = messages / Math.max(1, podsOf('records').length * CARRIES.records);
      return messages < 1 ? { messages: 0 } : { messages, oldestSeconds };
    },
    flood() {
      floodSinceMs = Date.now();
    },
    stop() {
      clearInterval(beat);
      server.closeAllConnections();
      server.close();
    },
  };
};
