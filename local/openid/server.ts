/**
 * A city's login for tests and the demo: an OpenID provider (oidc-provider, a certified implementation) on loopback, whose people are
 * the synthetic citizens of local/load/citizen.ts. Code flow with PKCE; consent is given without a page. Claims, in the ID token and from
 * /me: name, id_type, id_number.
 *
 * The login page asks for the number of a citizen. A test sends it along: GET <address of the page>?citizen=7.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import Provider, { type KoaContextWithOIDC } from 'oidc-provider';
import { bind } from '../../runtime/bind.ts';
import { send } from '../../runtime/small-server.ts';
import { citizenOf, MAX_CITIZENS } from '../load/citizen.ts';
import { createAdapters } from './store.ts';

export interface OpenidServerOptions {
  /** As of the load generator: the same seed and number are the same person. */
  readonly seed: number;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUris: readonly string[];
  /** 0, the default: any free port. */
  readonly port?: number;
}

export interface OpenidServer {
  readonly issuer: string;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';
const SCOPES = 'openid profile identity';
const LOGIN_PATH = /^\/login\/[\w-]+$/;
const HTML = 'text/html; charset=utf-8';

const page = (problem: string): string =>
  `<!DOCTYPE html><html><head><title>Local login</title></head><body><p>${problem}</p><form method="post"><label>Number of the citizen <input name="citizen" required pattern="[0-9]+"></label> <button>Log in</button></form></body></html>`;

/** Undefined: no such citizen. */
const numberOf = (text: string | null): number | undefined => {
  const number = text !== null && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
  return number !== undefined && number < MAX_CITIZENS ? number : undefined;
};

const isPath = (request: IncomingMessage): boolean => LOGIN_PATH.test((request.url ?? '').split('?')[0] ?? '');

const createProvider = (issuer: string, options: OpenidServerOptions): Provider => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const grantOf = async (ctx: KoaContextWithOIDC) => {
    const { session, client, provider } = ctx.oidc;
    const accountId = session?.accountId;
    if (session === undefined || client === undefined || accountId === undefined) return undefined;
    const known = session.grantIdFor(client.clientId);
    if (known !== undefined) return provider.Grant.find(known);
    const grant = new provider.Grant({ clientId: client.clientId, accountId });
    grant.addOIDCScope(SCOPES);
    await grant.save();
    return grant;
  };
  return new Provider(issuer, {
    adapter: createAdapters(Date.now),
    clients: [
      {
        client_id: options.clientId,
        client_secret: options.clientSecret,
        redirect_uris: [...options.redirectUris],
        grant_types: ['authorization_code'],
        response_types: ['code'],
      },
    ],
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kty: 'RSA' }] },
    cookies: { keys: [randomBytes(32).toString('hex')] },
    pkce: { required: () => true },
    claims: { openid: ['sub'], profile: ['name'], identity: ['id_type', 'id_number'] },
    conformIdTokenClaims: false,
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_ctx, { uid }) => `/login/${uid}` },
    ttl: {
      AccessToken: 600,
      AuthorizationCode: 60,
      Grant: 3_600,
      IdToken: 600,
      Interaction: 600,
      Session: 3_600,
    },
    loadExistingGrant: grantOf,
    renderError(ctx, { error, error_description: description }) {
      ctx.type = 'json';
      ctx.body = JSON.stringify({ error, error_description: description });
    },
    findAccount(_ctx, sub) {
      const number = numberOf(sub);
      if (number === undefined) return undefined;
      const { name, idNumber } = citizenOf(options.seed, number);
      return { accountId: sub, claims: () => ({ sub, name, id_type: 'CN_ID', id_number: idNumber }) };
    },
  });
};

/** @throws Error when the address can't be listened on */
export const startOpenidServer = async (options: OpenidServerOptions): Promise<OpenidServer> => {
  let listener: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  const server = createServer((request, response) => {
    listener(request, response).catch(() => request.socket.destroy());
  });
  // Its name is part of the issuer, so the port comes first.
  const port = await bind(server, { host: HOST, port: options.port ?? 0 });
  const issuer = `http://${HOST}:${port}`;
  const provider = createProvider(issuer, options);
  const others = provider.callback();

  const login = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', issuer);
    const form = request.method === 'POST' ? new URLSearchParams(await text(request)) : url.searchParams;
    const entered = form.get('citizen');
    const citizen = numberOf(entered);
    if (citizen === undefined)
      return send(response, 200, page(entered === null ? '' : 'There is no such citizen.'), HTML);
    try {
      await provider.interactionFinished(request, response, { login: { accountId: String(citizen) } });
    } catch {
      send(response, 400, page('This login is not known, or is over. Begin again.'), HTML);
    }
  };
  listener = (request, response) => (isPath(request) ? login(request, response) : others(request, response));
  return {
    issuer,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
