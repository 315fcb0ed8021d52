/**
 * Serves the trails to `kubectl voucher audit`, through the API server's proxy of the Service, on every operator pod,
 * leading or not. It has a port of its own, so that the permission to read trails permits nothing else.
 *
 * `GET /audit/<campaignId>`: the lines as stored, then `{"end": <how many>, "head": <hash of the last one>}`; an
 * answer without that end was cut short. `GET /audit/<campaignId>/reviews`: looks and decisions of reviewers, with the same end. Errors are Kubernetes' own `Status`, so that every client reads them.
 */
import { once } from 'node:events';
import type { RequestListener, ServerResponse } from 'node:http';
import { auditPath, reviewsPath } from '../../contract/names.ts';
import type { AuditLog } from '../../journal/trail.ts';
import { type Listening, serve } from '../../runtime/small-server.ts';

/** Trails are read by people; more at a time than this is a fault. */
const MOST_AT_ONCE = 4;
const WITHIN_MS = 60_000;
const MOST_NAMES = 50;
const CAMPAIGN_ID = /^[a-z][-a-z0-9]{0,39}$/;

const refuse = (response: ServerResponse, code: number, reason: string, message: string): void => {
  const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message };
  response
    .writeHead(code, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    .end(`${JSON.stringify(status)}\n`);
};

const noTrail = async (log: AuditLog, campaignId: string, signal: AbortSignal): Promise<string> => {
  const ids = await log.campaignIds(signal);
  const shown = ids.slice(0, MOST_NAMES).join(', ');
  const known = ids.length === 0 ? 'there is none yet' : `known: ${shown}${ids.length > MOST_NAMES ? ', …' : ''}`;
  return `there is no trail of campaignId ${campaignId}; ${known}`;
};

const send = async (
  log: AuditLog,
  campaignId: string,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> => {
  let end = 0;
  let head = '';
  for await (const { text, tail } of log.read(campaignId, signal)) {
    if (end === 0) response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
    end += 1;
    head = tail.hash;
    if (!response.write(`${text}\n`)) await once(response, 'drain', { signal });
  }
  if (end === 0) return refuse(response, 404, 'NoTrail', await noTrail(log, campaignId, signal));
  response.end(`${JSON.stringify({ end, head })}\n`);
};

const sendReviews = async (
  log: AuditLog,
  campaignId: string,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> => {
  const entries = (await log.reviews?.(campaignId, signal)) ?? [];
  response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
  for (const entry of entries) {
    if (!response.write(`${JSON.stringify(entry)}\n`)) await once(response, 'drain', { signal });
  }
  response.end(`${JSON.stringify({ end: entries.length })}\n`);
};

export const startAuditServer = (
  log: AuditLog,
  host: string,
  port: number,
  onError: (error: unknown) => void,
): Promise<Listening> => {
  let underWay = 0;
  const listener: RequestListener = (request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const [campaignId = ''] = path.slice(auditPath('').length).split('/');
    const isOfReviews = path === reviewsPath(campaignId);
    const isKnown = isOfReviews || path === auditPath(campaignId);
    if (request.method !== 'GET' || !isKnown || !CAMPAIGN_ID.test(campaignId)) {
      return refuse(response, 404, 'NotFound', 'the paths are GET /audit/<campaignId> and /audit/<campaignId>/reviews');
    }
    if (underWay >= MOST_AT_ONCE) {
      return refuse(response, 503, 'Busy', `${underWay} trails are being read already: try again later`);
    }
    underWay += 1;
    const hungUp = new AbortController();
    response.once('close', () => hungUp.abort(new Error('the client hung up')));
    const signal = AbortSignal.any([hungUp.signal, AbortSignal.timeout(WITHIN_MS)]);
    void (isOfReviews ? sendReviews : send)(log, campaignId, response, signal)
      .catch((error: unknown) => {
        if (hungUp.signal.aborted) return;
        onError(error);
        const why = error instanceof Error ? error.message : String(error);
        // The status line is sent: an answer without its end is an error to the client.
        if (response.headersSent) response.destroy();
        else refuse(response, 503, 'JournalUnavailable', `the journal does not answer: ${why}`);
      })
      .finally(() => {
        underWay -= 1;
      });
  };
  return serve(listener, host, port);
};
