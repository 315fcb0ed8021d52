/** Paths of the login tier (app/login/login.ts), and of the callbacks of channels (app/issuance/callbacks.ts). */
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { CALLBACK_CHANNELS, channelCallbackPath } from '../../contract/outside/issuance.ts';
import { callbackPath, loginPath } from '../../contract/outside/login.ts';
import { ERRORS_OF } from './errors-of.ts';
import { problemsOf } from './problems.ts';
import * as shape from './shapes.ts';

const system = z.string().meta({ description: 'Name of the login, as the campaign lists it.', example: 'city' });
const COOKIE = z.string().meta({ description: 'State of the login, for ten minutes; HttpOnly.' });

const CALLBACK_ANSWERS = {
  '200': 'Stored, or of no use: not sent again.',
  '400': 'The body was cut off.',
  '401': 'The signature is wrong.',
  '405': 'Another method.',
  '413': 'The body is larger than 64 KiB.',
  '500': 'Not stored: send it again.',
  '503': 'Not stored now: send it again.',
} as const;

export const tierPaths = {
  [loginPath('{system}')]: {
    get: {
      operationId: 'startLogin',
      tags: ['logins'],
      summary: 'Begin a login',
      requestParams: {
        path: z.object({ system }),
        query: z.object({
          challenge: z
            .string()
            .regex(/^[\w-]{43}$/)
            .meta({ description: 'SHA-256 of a random nonce, in base64url.', example: 'A'.repeat(43) }),
        }),
      },
      responses: {
        '302': {
          description: 'To the login system.',
          headers: z.object({ Location: z.string(), 'Set-Cookie': COOKIE }),
        },
        ...problemsOf(ERRORS_OF.startLogin),
      },
    },
  },
  [callbackPath('{system}')]: {
    get: {
      operationId: 'finishLogin',
      tags: ['logins'],
      summary: 'Where the login system sends the browser back',
      description: 'Its parameters are those of the login system. They count only in the browser that began the login.',
      requestParams: {
        path: z.object({ system }),
        query: z.object({ state: z.string().optional(), code: z.string().optional() }),
      },
      responses: {
        '200': {
          description: 'The assertion. A browser gets a page that hands it to the page of the campaign.',
          headers: z.object({ 'Set-Cookie': COOKIE }),
          content: { 'application/json': { schema: shape.assertion }, 'text/html': { schema: z.string() } },
        },
        ...problemsOf(ERRORS_OF.finishLogin),
      },
    },
  },
  ...Object.fromEntries(
    CALLBACK_CHANNELS.map((channel) => [
      channelCallbackPath(channel),
      {
        post: {
          operationId: `${channel}Callback`,
          tags: ['callbacks'],
          summary: 'The channel says that a voucher was used',
          description: 'Signed by the channel; the structure is the channel’s own.',
          requestBody: { required: true, content: { 'application/json': { schema: z.looseObject({}) } } },
          responses: Object.fromEntries(
            Object.entries(CALLBACK_ANSWERS).map(([status, description]) => [
              status,
              { description, content: { 'application/json': { schema: shape.callbackAnswer } } },
            ]),
          ),
        },
      },
    ]),
  ),
} satisfies ZodOpenApiPathsObject;
