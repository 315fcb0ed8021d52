/** Paths of the intake (app/intake/api.ts). */
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { SITE_HEALTH_PATH } from '../../contract/sites.ts';
import { IDEMPOTENCY_KEY } from '../intake/gate.ts';
import { changeOfChannel, correction, registrationBody, sentAssertion } from '../intake/registration-body.ts';
import { ERRORS_OF } from './errors-of.ts';
import { problemsOf } from './problems.ts';
import * as shape from './shapes.ts';

const CACHED = z.object({ 'Cache-Control': z.string().meta({ description: 'public, with a short max-age.' }) });
const NOT_CACHED = z.object({ 'Cache-Control': z.literal('no-store') });

const TEXT = { 'text/plain': { schema: z.string() } };
const json = (schema: z.ZodType) => ({ 'application/json': { schema } });

const receipt = {
  path: z.object({
    receiptNo: z.string().meta({
      description: 'Number of the receipt. Spaces, dashes and small letters do not matter.',
      example: '7ZQ4X0M2N8V5T1K9C3B6R0H2JD',
    }),
  }),
  header: z.object({
    'X-Receipt-Secret': z
      .string()
      .meta({ description: 'Secret of the receipt. A wrong one gets the answer of an unknown number.' }),
  }),
};

const campaignId = z.string().meta({ description: 'spec.campaignId of the campaign.', example: 'spring-2027' });

/** Where a registration leads; programs that explore the API follow it. */
const OF_RECEIPT = Object.fromEntries(
  ['showReceipt', 'change', 'withdraw', 'bindAccount'].map((operationId) => [
    operationId,
    {
      operationId,
      parameters: {
        'path.receiptNo': '$response.body#/receiptNo',
        'header.X-Receipt-Secret': '$response.body#/receiptSecret',
      },
    },
  ]),
);

/** An invented person; the number has a region code that is not in use. */
const EXAMPLE = {
  name: '测试一',
  idType: 'CN_ID',
  idNumber: '560001195001180014',
  phone: '15400000001',
  channel: 'wechat',
  category: 'dining',
  consent: { policyVersion: '1', sensitive: true },
  locale: 'zh-CN',
};

export const intakePaths = {
  '/api/v1/registrations': {
    post: {
      operationId: 'register',
      tags: ['registrations'],
      summary: 'Register a citizen',
      description:
        'The answer comes when the registration is durable. After a lost answer, or one of 503, send the same request again with the same ' +
        'Idempotency-Key: it registers once.',
      requestParams: {
        header: z.object({
          'Idempotency-Key': z.string().regex(IDEMPOTENCY_KEY).meta({
            description:
              'A random UUID for each registration; 16 to 128 letters, digits, "-" or "_". Quotes are allowed.',
            example: '5d6e0c0e-6f0a-4d4e-9d0b-7d3f4f4f0a11',
          }),
          ...shape.queueHeaders,
        }),
      },
      requestBody: { required: true, content: { 'application/json': { schema: registrationBody, example: EXAMPLE } } },
      responses: {
        '201': { description: 'Registered.', headers: NOT_CACHED, content: json(shape.registered), links: OF_RECEIPT },
        '200': {
          description: 'A repeat of a request that was accepted: its receipt.',
          headers: NOT_CACHED,
          content: json(shape.registered),
          links: OF_RECEIPT,
        },
        ...problemsOf(ERRORS_OF.register),
      },
    },
  },
  '/api/v1/registrations/{receiptNo}': {
    get: {
      operationId: 'showReceipt',
      tags: ['registrations'],
      summary: 'Read a registration',
      requestParams: receipt,
      responses: {
        '200': { description: 'Its state.', headers: NOT_CACHED, content: json(shape.receiptState) },
        ...problemsOf(ERRORS_OF.showReceipt),
      },
    },
    patch: {
      operationId: 'change',
      tags: ['registrations'],
      summary: 'Correct a registration, or choose another channel',
      requestParams: receipt,
      requestBody: { required: true, content: json(z.union([changeOfChannel, correction])) },
      responses: {
        '200': { description: 'Changed; a repeat too.', headers: NOT_CACHED, content: json(shape.changed) },
        ...problemsOf(ERRORS_OF.change),
      },
    },
  },
  '/api/v1/registrations/{receiptNo}/withdrawal': {
    post: {
      operationId: 'withdraw',
      tags: ['registrations'],
      summary: 'Withdraw a registration',
      description: 'Without a body. It is final, and concerns this receipt only.',
      requestParams: receipt,
      responses: {
        '202': { description: 'Withdrawn; a repeat too.', headers: NOT_CACHED, content: json(shape.withdrawn) },
        ...problemsOf(ERRORS_OF.withdraw),
      },
    },
  },
  '/api/v1/registrations/{receiptNo}/account': {
    post: {
      operationId: 'bindAccount',
      tags: ['registrations'],
      summary: 'Bind the account in which the voucher is issued',
      requestParams: receipt,
      requestBody: { required: true, content: json(sentAssertion) },
      responses: {
        '200': { description: 'Bound; a repeat too.', headers: NOT_CACHED, content: json(shape.bound) },
        ...problemsOf(ERRORS_OF.bindAccount),
      },
    },
  },
  '/api/v1/campaigns/{campaignId}': {
    get: {
      operationId: 'showCampaign',
      tags: ['campaign'],
      summary: 'Read the campaign',
      requestParams: { path: z.object({ campaignId }) },
      responses: {
        '200': { description: 'The campaign.', headers: CACHED, content: json(shape.campaign) },
        ...problemsOf(ERRORS_OF.read),
      },
    },
  },
  '/api/v1/draws/{campaignId}': {
    get: {
      operationId: 'showDraw',
      tags: ['campaign'],
      summary: 'Read what is published of the draw',
      requestParams: { path: z.object({ campaignId }) },
      responses: {
        '200': { description: 'What is published so far.', headers: CACHED, content: json(shape.draw) },
        ...problemsOf(ERRORS_OF.read),
      },
    },
  },
  '/api/v1/draws/{campaignId}/proof/{entry}': {
    get: {
      operationId: 'showProof',
      tags: ['campaign'],
      summary: 'Find the files that prove an entry of the draw',
      requestParams: {
        path: z.object({
          campaignId,
          entry: z
            .string()
            .meta({ description: 'Entry of the draw, 64 hexadecimal characters.', example: 'ab'.repeat(32) }),
        }),
      },
      responses: {
        '303': {
          description: 'Where the files are.',
          headers: CACHED.extend({
            Location: z.string().meta({ description: 'Address of result.json in the folder of the files.' }),
          }),
          content: json(shape.proof),
        },
        ...problemsOf(ERRORS_OF.read),
      },
    },
  },
  [SITE_HEALTH_PATH]: {
    get: {
      operationId: 'showSiteHealth',
      tags: ['campaign'],
      summary: 'Ask whether this site can acknowledge a registration',
      description: 'For load balancers in front of several sites. It is never shed.',
      responses: {
        '200': { description: 'A write was acknowledged in the last seconds.', headers: NOT_CACHED, content: TEXT },
        '503': { description: 'The journal acknowledges no write.', headers: NOT_CACHED, content: TEXT },
        ...problemsOf(ERRORS_OF.siteHealth),
      },
    },
  },
  '/openapi.json': {
    get: {
      operationId: 'showDocument',
      tags: ['campaign'],
      summary: 'Read this document',
      responses: {
        '200': {
          description: 'This document.',
          headers: CACHED,
          content: json(z.looseObject({ openapi: z.string() })),
        },
        ...problemsOf(ERRORS_OF.document),
      },
    },
  },
} satisfies ZodOpenApiPathsObject;
