import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import type { z } from 'zod';
import { createSchema } from 'zod-openapi';
import { ERRORS, type ErrorCode } from '../../../app/http/errors.ts';
import { createApi } from '../../../app/intake/api.ts';
import { changeOfChannel, correction, registrationBody, sentAssertion } from '../../../app/intake/registration-body.ts';
import { openApiText } from '../../../app/openapi/document.ts';
import { CALLBACK_CHANNELS, channelCallbackPath } from '../../../contract/outside/issuance.ts';
import { callbackPath, loginPath } from '../../../contract/outside/login.ts';
import { documented, OPERATIONS, undocumented } from '../../helpers/documented-answers.ts';
import { bodyOf, testIntake, testIntakeDeps } from '../../helpers/intake.ts';

const PATHS = new Set(OPERATIONS.map(({ path }) => path));
/** `:receiptNo` → `{receiptNo}` */
const inDocument = (path: string): string => path.replaceAll(/:(\w+)/g, '{$1}');

describe('the API document', () => {
  it('has every path of the intake, the login and the callbacks, and no other one', () => {
    const routes = Object.keys(createApi(testIntakeDeps()).routes).map(inDocument);
    const tiers = [loginPath('{system}'), callbackPath('{system}'), ...CALLBACK_CHANNELS.map(channelCallbackPath)];
    expect([...PATHS].sort()).toEqual([...routes, ...tiers].sort());
  });

  it('has every method of a path of the intake', async () => {
    const intake = testIntake();
    for (const path of PATHS) {
      if (path.startsWith('/login') || path.startsWith('/callbacks')) continue;
      const answer = await intake.send('DELETE', path.replaceAll(/\{\w+\}/g, 'x'));
      expect(answer.status).toBe(405);
      const methods = (answer.headers.get('allow') ?? '').split(', ').filter((method) => method !== 'HEAD');
      const ofPath = OPERATIONS.filter((one) => one.path === path).map(({ method }) => method);
      expect([path, methods.sort()]).toEqual([path, ofPath.sort()]);
    }
  });

  it('has every error code at an operation that gives it', () => {
    const named = new Set(
      JSON.stringify(OPERATIONS)
        .match(/"[A-Z][A-Z_]+"/g)
        ?.map((text) => text.slice(1, -1)),
    );
    expect((Object.keys(ERRORS) as ErrorCode[]).filter((code) => !named.has(code))).toEqual([]);
  });

  it('names each operation once', () => {
    expect(new Set(OPERATIONS.map(({ operationId }) => operationId)).size).toBe(OPERATIONS.length);
  });

  it('is served by every intake, the same bytes each time', async () => {
    const intake = testIntake();
    const [one, two] = [await intake.get('/openapi.json'), await intake.get('/openapi.json')];
    expect(one.status).toBe(200);
    expect(one.headers.get('cache-control')).toMatch(/^public, max-age=/);
    expect(one.text).toBe(openApiText());
    expect(two.text).toBe(one.text);
  });

  it('contains nothing of a person but an invented one', () => {
    const numbers = openApiText().match(/\b\d{17}[\dX]\b/g) ?? [];
    expect(new Set(numbers)).toEqual(new Set([bodyOf(1)['idNumber']]));
  });
});

describe('what the document forbids is refused by the validator', () => {
  const anyField = fc.oneof(
    fc.string(),
    fc.constantFrom('CN_ID', ' wechat ', 'alipay', 'dining', 'zh-CN', '1'),
    fc.integer(),
    fc.constant(null),
  );
  const valid = bodyOf(1);
  /** A valid body with some fields replaced, left out or added. */
  const bodies = fc
    .tuple(
      fc.dictionary(fc.constantFrom(...Object.keys(valid), 'identity', 'account', 'x'), anyField, { maxKeys: 3 }),
      fc.array(fc.constantFrom(...Object.keys(valid)), { maxLength: 2 }),
    )
    .map(([over, without]) =>
      Object.fromEntries(Object.entries({ ...valid, ...over }).filter(([name]) => !without.includes(name))),
    );
  const assertions = fc.record({ assertion: fc.string(), nonce: fc.string({ maxLength: 140 }) }, { requiredKeys: [] });
  const cases: readonly [string, z.ZodType, fc.Arbitrary<unknown>][] = [
    ['a registration', registrationBody, bodies],
    ['a correction', correction, bodies],
    ['a change of channel', changeOfChannel, bodies],
    ['an assertion', sentAssertion, fc.oneof(assertions, anyField)],
  ];
  it.each(cases)('%s', (_name, schema, inputs) => {
    const permits = new Ajv2020({ strict: false }).compile(createSchema(schema, { io: 'input' }).schema as object);
    const counts = { accepted: 0, forbidden: 0 };
    fc.assert(
      fc.property(inputs, (input) => {
        const isAccepted = schema.safeParse(input).success;
        const isPermitted = permits(input);
        counts.accepted += isAccepted ? 1 : 0;
        counts.forbidden += isPermitted ? 0 : 1;
        expect(isAccepted && !isPermitted).toBe(false);
      }),
      { numRuns: 1_000, seed: 1 },
    );
    expect(counts.forbidden).toBeGreaterThan(0);
  });

  it('also a valid one is permitted', () => {
    const permits = new Ajv2020({ strict: false }).compile(
      createSchema(registrationBody, { io: 'input' }).schema as object,
    );
    expect([registrationBody.safeParse(valid).success, permits(valid)]).toEqual([true, true]);
  });
});

describe('an answer that the document does not say', () => {
  const given = {
    method: 'GET',
    url: '/api/v1/registrations/X?y=1',
    status: 404,
    headers: new Map([
      ['content-type', 'application/problem+json; charset=utf-8'],
      ['content-language', 'en'],
    ]),
    body: JSON.stringify({
      type: 'urn:voucher-operator:error:RECEIPT_UNKNOWN',
      title: 'x',
      status: 404,
      code: 'RECEIPT_UNKNOWN',
    }),
  };
  it('is found: another status, code, member, header, type or path', () => {
    expect(undocumented(given)).toBeUndefined();
    const wrong = [
      { ...given, status: 418 },
      { ...given, body: given.body.replace('"RECEIPT_UNKNOWN"', '"BAD_JSON"') },
      { ...given, body: given.body.replace('}', ',"idNumber":"1"}') },
      { ...given, headers: new Map([['content-type', 'application/problem+json']]) },
      { ...given, headers: new Map([...given.headers, ['content-type', 'text/html']]) },
      { ...given, url: '/api/v2/registrations', status: 200 },
    ];
    for (const answer of wrong) expect(undocumented(answer)).toBeDefined();
  });

  it('fails every test of an intake: the twin', async () => {
    const intake = testIntake(undefined, [], {
      receipts: { find: async () => ({ kind: 'found', receivedAt: 'not an instant', facts: [], others: [] }) },
    });
    const { json } = await intake.post(bodyOf(1));
    const answer = await intake.get(`/api/v1/registrations/${String(json['receiptNo'])}`, {
      'x-receipt-secret': String(json['receiptSecret']),
    });
    expect(answer.status).toBe(599);
    expect(answer.text).toContain('receivedAt');
  });

  it('is what `documented` compares: a listener that says nothing is found as well', async () => {
    const seen: number[] = [];
    const response = {
      writeHead: (status: number) => seen.push(status),
      end: () => undefined,
    };
    const silent = documented((_request, answer) => {
      answer.writeHead(200, {});
      answer.end();
    });
    silent({ method: 'GET', url: '/openapi.json' } as never, response as never);
    expect(seen).toEqual([599]);
  });
});
