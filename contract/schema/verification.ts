/** `spec.verification`: who checks identities, and how fast. Without it identities are not checked. Pure. */
import { choice, dnsLabel, int32, listByKey, rule, secretName } from './common.ts';
import type { ArrayNode, ObjectNode, StringNode } from './node.ts';

const VERIFICATION_TYPES = './verification.ts';

const text = (description: string, maxLength: number, byDefault?: string): StringNode => ({
  type: 'string',
  description,
  minLength: 1,
  maxLength,
  ...(byDefault === undefined ? {} : { default: byDefault }),
});

/** Scheme, host or IPv6 address, port, path and query. A key belongs in the Secret, not into an address that everyone can read. */
export const URL_PATTERN =
  '^https?://([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\\\\[[0-9A-Fa-f:.]+\\\\])(:[0-9]{1,5})?([/?][!-"$-~]*)?$';

const codes = (description: string): ArrayNode => ({
  type: 'array',
  description,
  maxItems: 32,
  'x-kubernetes-list-type': 'set',
  items: text('A value of the field codeAt, as text.', 64),
});

const CODE_LISTS = ['match', 'mismatch', 'noRecord', 'quotaExceeded'];
const REQUIRED_LISTS = ['match', 'mismatch'];

/** CEL: no code is in both lists. */
const areApart = (list: string, other: string): string => {
  const isLeftOut = [list, other].filter((name) => !REQUIRED_LISTS.includes(name)).map((name) => `!has(self.${name})`);
  return `(${[...isLeftOut, `self.${list}.all(code, !(code in self.${other}))`].join(' || ')})`;
};

const http: ObjectNode = {
  type: 'object',
  description: 'How the service of a provider of type Http is asked. Required for that type.',
  typeHint: { name: 'HttpProvider', file: VERIFICATION_TYPES },
  required: ['body', 'codeAt', 'match', 'mismatch'],
  properties: {
    body: text(
      'JSON body of the POST request. {{name}}, {{idType}}, {{idNumber}} and {{requestId}} inside its strings are replaced.',
      4096,
    ),
    signature: choice(
      'How a request is signed. none, or hmacSha256: header X-Signature with the hex HMAC-SHA256 of timestamp, "." and body, ' +
        'and header X-Timestamp with the Unix time in seconds. The key is <name>.secret-key of the Secret. Default none.',
      ['none', 'hmacSha256'],
      'none',
    ),
    codeAt: text('JSON pointer to the result code in the response: /result/code.', 200),
    match: { ...codes('Codes for: name and number belong together. At least one.'), minItems: 1 },
    mismatch: codes('Codes for: they do not. The registration is rejected; the citizen can correct it.'),
    noRecord: codes(
      'Codes for: the provider does not know the number. The registration waits for a manual review; the citizen can correct it.',
    ),
    quotaExceeded: codes('Codes for: no more requests today. The provider is asked again on its next day.'),
  },
  'x-kubernetes-validations': [
    // CEL cannot parse JSON: contract/outside/provider-faults.ts does, for the operator and `kubectl voucher doctor`.
    rule(
      '.body',
      "self.body.matches('^[ \\\\t\\\\r\\\\n]*[{[]')",
      'http.body is not JSON: write an object such as {"name": "{{name}}", "number": "{{idNumber}}"}',
    ),
    rule(
      '.codeAt',
      "self.codeAt.matches('^(/([^~/]|~[01])*)+$')",
      'http.codeAt is not a JSON pointer: write it like /result/code',
    ),
    rule(
      '.match',
      CODE_LISTS.flatMap((list, index) => CODE_LISTS.slice(index + 1).map((other) => areApart(list, other))).join(
        ' && ',
      ),
      'a code is in two lists of http: remove it from one of match, mismatch, noRecord and quotaExceeded',
    ),
  ],
};

export const KNOWN_TIME_ZONE = rule(
  '.timeZone',
  // The API server knows the zones, and refuses what it cannot evaluate.
  "self.timeZone.matches('^[A-Z][A-Za-z0-9_+/-]*$') && self.timeZone != 'Local' && timestamp('2027-01-01T00:00:00Z').getHours(self.timeZone) >= 0",
  'timeZone is not known: write a name of the IANA time zone database, such as Asia/Shanghai or UTC',
);

export const verification: ObjectNode = {
  type: 'object',
  description:
    'Identity verification. Left out: identities are not checked, and every registration enters the draw. Fixed once the campaign has opened, except for rates, quotas, time zones, order and weight of providers.',
  typeHint: { name: 'VerificationSpec', file: VERIFICATION_TYPES },
  required: ['providers'],
  properties: {
    secretName: {
      ...secretName(
        'Secret in the namespace of the campaign with <name>.secret-id and <name>.secret-key of each provider. Default ' +
          'voucher-verification. Verification pods mount it; the operator never reads it.',
      ),
      default: 'voucher-verification',
    },
    providers: {
      ...listByKey('name', 'Providers that are asked, by their order; at least one.', 8, {
        type: 'object',
        description: 'Provider is one service that checks identities.',
        typeHint: { name: 'ProviderSpec', file: VERIFICATION_TYPES },
        required: ['name', 'type', 'requestsPerSecond'],
        properties: {
          name: dnsLabel('Name of the provider within the campaign, such as tencent. At most 32 characters.', 32),
          type: choice(
            'Protocol. TencentIdCard: IdCardVerification of Tencent Cloud. Http: a service that is described in http.',
            ['TencentIdCard', 'Http'],
          ),
          url: text(
            'Address of the service. Default for TencentIdCard https://faceid.tencentcloudapi.com; required for Http.',
            500,
          ),
          requestsPerSecond: int32(
            'Requests per second that the contract with the provider permits, over all pods.',
            [1, 100_000],
          ),
          requestsPerDay: int32(
            'Requests per day that the contract permits, over all pods. Left out: no limit.',
            [1, 2_000_000_000],
          ),
          timeZone: text('Time zone of the day of requestsPerDay. Default Asia/Shanghai.', 64, 'Asia/Shanghai'),
          order: int32(
            'Providers with the lowest number are asked. Those with the next number are asked only while none of the former can be. Default 1.',
            [1, 100],
            1,
          ),
          weight: int32('Share of the requests among providers of the same order. Default 1.', [1, 100], 1),
          http,
        },
        'x-kubernetes-validations': [
          rule(
            '.http',
            "self.type != 'Http' || (has(self.http) && has(self.url))",
            'a provider of type Http needs url and http: state both, or choose another type',
          ),
          rule(
            '.http',
            "self.type == 'Http' || !has(self.http)",
            'a provider of type TencentIdCard does not use http: remove it, or choose type Http',
          ),
          rule(
            '.url',
            `!has(self.url) || self.url.matches('${URL_PATTERN}')`,
            'url is not a valid address: write one that begins with https://, without a user name, a password or "#"',
          ),
          KNOWN_TIME_ZONE,
        ],
      }),
      minItems: 1,
    },
  },
};
