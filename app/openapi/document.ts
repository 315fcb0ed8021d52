/**
 * The public API as an OpenAPI 3.1 document: `/openapi.json`, docs/reference/openapi.json and docs/api.md. Requests are described by the
 * schemas that validate them. Tests compare each answer with it (test/helpers/documented-answers.ts).
 */
import { createDocument } from 'zod-openapi';
import { intakePaths } from './intake-paths.ts';
import { queuePaths } from './queue-paths.ts';
import { tierPaths } from './tier-paths.ts';

const DESCRIPTION = `What citizens' pages and apps can ask of a campaign.

- Times are server time, RFC 3339. Texts for people are in simplified Chinese, or in English if Accept-Language prefers it.
- Errors are problem details (RFC 9457). \`code\` is stable. A code of 503 asks the client to wait: repeat after Retry-After.
- HEAD is answered like GET, without a body.
- Pages of the campaign are at / and below it and are not described here. Any other path gets 404 with the code NOT_FOUND.
- A request that is not valid HTTP, or too slow, is answered by the server below this API: 400, 408, 413 or 431 without a problem.
- A campaign has up to three servers: the intake, the login, and the callbacks of channels. Each path says which one it is on.`;

export const openApiDocument = () =>
  createDocument(
    {
      openapi: '3.1.1',
      info: {
        title: 'Voucher campaign',
        version: '1',
        description: DESCRIPTION,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      tags: [
        { name: 'campaign', description: 'On the intake. For everyone; can be cached.' },
        { name: 'registrations', description: 'On the intake.' },
        { name: 'queue', description: 'On the intake. The waiting room, for campaigns that have one.' },
        { name: 'logins', description: 'On the login tier, at the url of the campaign’s logins.' },
        { name: 'callbacks', description: 'On issuance pods, for channels only.' },
      ],
      paths: { ...intakePaths, ...queuePaths, ...tierPaths },
    },
    { reused: 'inline' },
  );

/** The same in every process and in the repository. */
export const openApiText = (): string => JSON.stringify(openApiDocument());
