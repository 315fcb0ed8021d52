/** `spec.login`: by which logins citizens prove who they are, or which account is theirs. Without it there are no logins. Pure. */
import { choice, dnsLabel, int32, listByKey, rule, secretName, text } from './common.ts';
import type { ObjectNode, StringNode } from './node.ts';
import { URL_PATTERN } from './verification.ts';

const LOGIN_TYPES = './login.ts';

export const LOGIN_TYPES_OF_SYSTEMS = ['Oidc', 'WeChat', 'Alipay', 'UnionPay'] as const;

const claim = (description: string, byDefault?: string): StringNode => ({
  ...text(description, 64, 1),
  ...(byDefault === undefined ? {} : { default: byDefault }),
});

const claims: ObjectNode = {
  type: 'object',
  description: 'Which claims of the identity token, or of userinfo, contain the person; for type Oidc.',
  default: {},
  typeHint: { name: 'LoginClaims', file: LOGIN_TYPES },
  properties: {
    name: claim('Claim with the name. Default name.', 'name'),
    idNumber: claim('Claim with the identity number. Default id_number.', 'id_number'),
    idType: claim(
      'Claim with the kind of document. Only persons with the value CN_ID can use the login. Left out: every number counts as ' +
        'that of a resident document.',
    ),
  },
};

const url = (description: string): StringNode => text(description, 500, 1);

const validUrl = (field: string) =>
  rule(
    `.${field}`,
    `!has(self.${field}) || self.${field}.matches('${URL_PATTERN}')`,
    `${field} is not a valid address: write one that begins with https://, without a user name, a password or "#"`,
  );

const system: ObjectNode = {
  type: 'object',
  description: 'LoginSystem is one login that citizens can use.',
  typeHint: { name: 'LoginSystem', file: LOGIN_TYPES },
  required: ['name', 'type', 'clientId', 'requestsPerSecond'],
  properties: {
    name: dnsLabel('Name of the system within the campaign, such as city. It is part of the address of the login.', 32),
    type: choice(
      'Oidc: a login of the city by OpenID Connect, which proves who a citizen is. WeChat, Alipay, UnionPay: the login of that app, ' +
        'which proves which account is theirs.',
      LOGIN_TYPES_OF_SYSTEMS,
    ),
    url: url(
      'Oidc: the issuer; required. Other types: address of the interface to which pods send requests. Default: its public address.',
    ),
    authorizeUrl: url(
      'Login page of the system, to which citizens are sent. Default: its public login page. No effect for Oidc: the issuer names the page.',
    ),
    clientId: text(
      'Id of the campaign’s app at the system: client_id, or appid. For a channel of spec.issuance it must be the appId of that channel.',
      128,
      1,
    ),
    scope: text(
      'Scope that is requested. Default: openid for Oidc; for the others the scope that only names the account.',
      128,
      1,
    ),
    prompt: text(
      'Parameter prompt of the request, for type Oidc. The value login makes every citizen log in again.',
      32,
      1,
    ),
    claims,
    requestsPerSecond: int32(
      'Logins per second that the contract with the system permits, over all pods. More logins are shed: 503 with Retry-After.',
      [1, 100_000],
    ),
  },
  'x-kubernetes-validations': [
    validUrl('url'),
    validUrl('authorizeUrl'),
    rule(
      '.url',
      "self.type != 'Oidc' || has(self.url)",
      'a system of type Oidc needs url: write the issuer, as in its document /.well-known/openid-configuration',
    ),
    rule(
      '.prompt',
      "self.type == 'Oidc' || !has(self.prompt)",
      'prompt is used by a system of type Oidc only: remove it, or choose type Oidc',
    ),
  ],
};

export const login: ObjectNode = {
  type: 'object',
  description:
    'Logins by which citizens prove who they are, or which account is theirs. Left out: the campaign has no logins. publicKey is fixed ' +
    'once the campaign has opened.',
  typeHint: { name: 'LoginSpec', file: LOGIN_TYPES },
  required: ['publicKey', 'url', 'page', 'systems'],
  properties: {
    publicKey: {
      ...text(
        'Public key of the login tier: 32 bytes of Ed25519 in base64, as `kubectl voucher login keys` prints it. Intake and verification ' +
          'check every login with it.',
        44,
        44,
      ),
      pattern: '^[A-Za-z0-9+/]{43}=$',
    },
    secretName: {
      ...secretName(
        'Secret in the namespace of the campaign with login.private-key.pem, <name>.client-secret of each system of type Oidc, and the keys of ' +
          'each channel (docs/logins.md). Default voucher-login. ' +
          'Login pods mount it; the operator never reads it.',
      ),
      default: 'voucher-login',
    },
    url: url('Address at which citizens reach the login tier, without a path: https://login.example.gov.cn.'),
    page: url(
      'Page of the campaign to which citizens return after a login. The result follows "#" in the address, so no server sees it.',
    ),
    systems: { ...listByKey('name', 'Logins that citizens can choose; at least one.', 8, system), minItems: 1 },
  },
  'x-kubernetes-validations': [
    validUrl('url'),
    rule(
      '.url',
      "self.url.matches('^https?://[^/?]+$')",
      'url has a path: write the scheme, the host and the port only, such as https://login.example.gov.cn',
    ),
    validUrl('page'),
  ],
};
