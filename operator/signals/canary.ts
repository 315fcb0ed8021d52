/** Makes an intake send its canary through the Service, and returns how far it got. */
import { Agent, request } from 'undici';
import { z } from 'zod';
import { ADMIN_PATHS, CANARY_WITHIN_MS } from '../../contract/app-contract.ts';
import type { CanaryAsker } from '../tick/ports.ts';
import type { Session } from './scrape.ts';

const report = z.object({
  result: z.enum(['confirmed', 'accepted', 'failed']),
  // Becomes part of a status.
  reason: z.string().max(500),
});
/** The intake's own bound, then its answer's way. */
const ANSWER_WITHIN_MS = CANARY_WITHIN_MS + 7_000;

/** @param session as of the scraper: connections and credentials of a proxy */
export const createCanaryAsker = (
  session?: () => Promise<Session>,
): CanaryAsker & { readonly close: () => Promise<void> } => {
  const dispatcher = new Agent({ connections: 1, pipelining: 1, connect: { timeout: 2_000 } });
  const direct: Session = { dispatcher, headers: {} };
  return {
    async ask(adminUrl, signal) {
      const { statusCode, body } = await request(`${adminUrl}${ADMIN_PATHS.canary}`, {
        ...((await session?.()) ?? direct),
        method: 'POST',
        signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
      });
      if (statusCode === 200) return report.parse(await body.json());
      await body.dump();
      if (statusCode === 409) return undefined;
      throw new Error(`the intake answered ${statusCode} to a request for a canary`);
    },
    close: () => dispatcher.destroy(),
  };
};
