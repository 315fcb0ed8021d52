/** Error answers of the document: from the codes of an operation to one answer for each status. */
import { z } from 'zod';
import type { ZodOpenApiResponsesObject } from 'zod-openapi';
import { ERRORS, type ErrorCode } from '../http/errors.ts';
import { instant, TICKET_MEMBERS } from './shapes.ts';

/** Members of a problem besides those that all have. Each is optional in the document, because one status has several codes. */
const MEMBERS = {
  serverTime: instant('Time of the server.'),
  opensAt: instant('When registration opens.'),
  closesAt: instant('When registration closes.'),
  editableUntil: instant('Until when the registration could be changed.'),
  estimatedWaitSeconds: z.int().meta({ description: 'How long citizens wait at present until they are admitted.' }),
  ...TICKET_MEMBERS,
} as const satisfies Readonly<Record<string, z.ZodType>>;

const MEMBERS_OF: Partial<Readonly<Record<ErrorCode, readonly (keyof typeof MEMBERS)[]>>> = {
  NOT_OPEN: ['serverTime', 'opensAt', 'closesAt'],
  CLOSED: ['serverTime', 'opensAt', 'closesAt'],
  LIST_FROZEN: ['serverTime', 'editableUntil'],
  ADMISSION_LIMITED: [
    'estimatedWaitSeconds',
    'ticket',
    'number',
    'position',
    'etaSeconds',
    'etaBand',
    'pollAfterSeconds',
  ],
};

const enumOf = (codes: readonly ErrorCode[]) => z.enum(codes as [ErrorCode, ...ErrorCode[]]);

/** @param codes of one status @param fieldCodes what `errors` can contain; empty: there is no `errors` */
const problem = (status: number, codes: readonly ErrorCode[], fieldCodes: readonly ErrorCode[]) => {
  const members = [...new Set(codes.flatMap((code) => MEMBERS_OF[code] ?? []))];
  return z.strictObject({
    type: z.string().regex(/^urn:voucher-operator:error:[A-Z_]+$/),
    title: z
      .string()
      .meta({ description: 'For people, in the language of Accept-Language: zh-CN unless en is preferred.' }),
    status: z.literal(status),
    code: enumOf(codes).meta({ description: 'Stable; for programs.' }),
    detail: z.string().optional().meta({ description: 'Details of this case, for people.' }),
    ...Object.fromEntries(members.map((name) => [name, MEMBERS[name].optional()])),
    ...(fieldCodes.length === 0
      ? {}
      : {
          errors: z
            .array(
              z.strictObject({
                field: z.string().meta({ description: 'Path within the body, such as consent.sensitive.' }),
                code: enumOf(fieldCodes),
                message: z.string(),
              }),
            )
            .max(256)
            .optional()
            .meta({ description: 'Every wrong field. A single one also gives its own code to the problem.' }),
        }),
  });
};

const RETRY_AFTER = z
  .string()
  .regex(/^\d+$/)
  .meta({ description: 'Seconds; random, so that clients do not return together.' });

/** 503 always says when to come again, but for INTERNAL, which has another status. */
const headersOf = (status: number) => ({
  'Content-Language': z.enum(['zh-CN', 'en']),
  ...(status === 503 || status === 429 ? { 'Retry-After': RETRY_AFTER } : {}),
  ...(status === 405 ? { Allow: z.string().meta({ description: 'Methods of this path.' }) } : {}),
});

export interface ErrorsOf {
  readonly codes: readonly ErrorCode[];
  /** Codes of single fields. They are also codes of the problem, where one field is wrong. */
  readonly fields?: readonly ErrorCode[];
  /** For browsers: the same as a page. */
  readonly isPage?: boolean;
}

/** All operations have these. */
const ALWAYS: readonly ErrorCode[] = ['METHOD_NOT_ALLOWED', 'INTERNAL'];

export const problemsOf = ({ codes, fields = [], isPage = false }: ErrorsOf): ZodOpenApiResponsesObject => {
  const all = [...new Set([...codes, ...fields, ...ALWAYS])];
  const byStatus = Map.groupBy(all, (code) => ERRORS[code].status);
  return Object.fromEntries(
    [...byStatus]
      .sort(([one], [other]) => one - other)
      .map(([status, ofStatus]) => {
        const fieldCodes = fields.filter((code) => ERRORS[code].status === status);
        return [
          String(status),
          {
            description: ofStatus.map((code) => `${code}: ${ERRORS[code].title.en}.`).join('\n'),
            headers: z.object(headersOf(status)),
            content: {
              'application/problem+json': { schema: problem(status, ofStatus, fieldCodes) },
              ...(isPage ? { 'text/html': { schema: z.string() } } : {}),
            },
          },
        ];
      }),
  );
};
