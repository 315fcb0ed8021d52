/** Paths of the waiting room (app/intake/waiting-room/desk.ts). A campaign without one answers them with 404. */
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { ERRORS_OF } from './errors-of.ts';
import { problemsOf } from './problems.ts';
import * as shape from './shapes.ts';

const SET_COOKIE = z.string().meta({ description: 'The same as in the body; HttpOnly.' });
const NOT_CACHED = { 'Cache-Control': z.literal('no-store') };

const json = (schema: z.ZodType) => ({ 'application/json': { schema } });

export const queuePaths = {
  '/api/v1/queue/serving': {
    get: {
      operationId: 'showServing',
      tags: ['queue'],
      summary: 'Read whose turn it is',
      description:
        'The same for everyone. A client computes its position from it: the place of its number less serving. Numbers up to shuffle.count ' +
        'have the place that the shuffle gives them; for all others the number is the place.',
      responses: {
        '200': {
          description: 'Whose turn it is now.',
          headers: z.object({ 'Cache-Control': z.string() }),
          content: json(shape.serving),
        },
        ...problemsOf(ERRORS_OF.showServing),
      },
    },
  },
  '/api/v1/queue/tickets': {
    post: {
      operationId: 'takeTicket',
      tags: ['queue'],
      summary: 'Take a ticket',
      description:
        'Without a body. A client that has a ticket sends it, by cookie or header, and keeps it. A registration that has to wait gets a ' +
        'ticket too.',
      requestParams: { header: shape.ticketHeader },
      responses: {
        '201': {
          description: 'A new ticket.',
          headers: z.object({ ...NOT_CACHED, 'Set-Cookie': SET_COOKIE }),
          content: json(shape.ticket),
        },
        '200': {
          description: 'The ticket that was sent.',
          headers: z.object({ ...NOT_CACHED, 'Set-Cookie': SET_COOKIE }),
          content: json(shape.ticket),
        },
        ...problemsOf(ERRORS_OF.takeTicket),
      },
    },
  },
  '/api/v1/queue/admissions': {
    post: {
      operationId: 'takeAdmission',
      tags: ['queue'],
      summary: 'Exchange a ticket for an admission, when it is its turn',
      description: 'Without a body. A registration can also carry the ticket itself.',
      requestParams: { header: shape.ticketHeader },
      responses: {
        '200': {
          description: 'The admission.',
          headers: z.object({ ...NOT_CACHED, 'Set-Cookie': SET_COOKIE }),
          content: json(shape.admission),
        },
        '202': {
          description: 'Not yet: ask again after Retry-After.',
          headers: z.object({ ...NOT_CACHED, 'Retry-After': z.string() }),
          content: json(shape.wait),
        },
        ...problemsOf(ERRORS_OF.takeAdmission),
      },
    },
  },
} satisfies ZodOpenApiPathsObject;
