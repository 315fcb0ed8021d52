/**
 * Compares answers with the API document. A listener behind `documented` answers 599 instead of what the document does not say, so every test
 * that asks an intake, a login tier or the callbacks also tests the document.
 */
import type { RequestListener } from 'node:http';
import type { ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { openApiDocument } from '../../app/openapi/document.ts';

interface DocumentedAnswer {
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}
interface DocumentedOperation {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, DocumentedAnswer>>;
}
export interface Operation extends DocumentedOperation {
  readonly path: string;
  /** Capital letters. */
  readonly method: string;
}

export interface Given {
  readonly method: string;
  /** With the query. */
  readonly url: string;
  readonly status: number;
  /** By names in small letters. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

const document = openApiDocument();

export const OPERATIONS: readonly Operation[] = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
  Object.entries(item as Readonly<Record<string, DocumentedOperation>>).map(([method, operation]) => ({
    ...operation,
    path,
    method: method.toUpperCase(),
  })),
);

const patternOf = (path: string): RegExp =>
  new RegExp(`^${path.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}/?$`, 'i');
const PATTERNS = new Map(OPERATIONS.map(({ path }) => [path, patternOf(path)]));

const ajv = new Ajv2020({ strict: false, allErrors: false });
formats.default(ajv);
ajv.addSchema({ $id: 'document', components: document.components ?? {} });
/** Compiling takes longer than any test. */
const compiled = new Map<object, ValidateFunction>();
const validatorOf = (schema: object): ValidateFunction => {
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  // A reference of the document is one within it.
  const made = ajv.compile(
    JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"document#/components')) as object,
  );
  compiled.set(schema, made);
  return made;
};

const bodyFault = ({ headers, body, method }: Given, { content = {} }: DocumentedAnswer): string | undefined => {
  const type = (headers.get('content-type') ?? '').split(';')[0] ?? '';
  if (body === '' && (Object.keys(content).length === 0 || method === 'HEAD')) return undefined;
  const documented = content[type];
  if (documented === undefined) return `type "${type}" is not documented`;
  if (!type.endsWith('json') || method === 'HEAD') return undefined;
  const validate = validatorOf(documented.schema);
  return validate(JSON.parse(body)) ? undefined : `body: ${ajv.errorsText(validate.errors)} in ${body}`;
};

const answerFault = (given: Given, { method, path, responses }: Operation): string | undefined => {
  const documented = responses[String(given.status)];
  const of = `${method} ${path} → ${given.status}`;
  if (documented === undefined) return `${of} is not documented`;
  const missing = Object.keys(documented.headers ?? {}).find((name) => !given.headers.has(name.toLowerCase()));
  if (missing !== undefined) return `${of}: no header ${missing}`;
  const fault = bodyFault(given, documented);
  return fault === undefined ? undefined : `${of}: ${fault}`;
};

/** Redirects, assets and problems of the page. */
const PAGE_PATH = /^\/(?:$|register$|about$|r$|r\/|assets\/)/;

/** What the document does not say of an answer; undefined: it says all of it. */
export const undocumented = (given: Given): string | undefined => {
  const path = given.url.split('?')[0] ?? '';
  // Browsers ask before they send to another site; it is no operation.
  if (given.method === 'OPTIONS' && given.status === 204) return undefined;
  const onPath = OPERATIONS.filter((operation) => PATTERNS.get(operation.path)?.test(path));
  // "Any path that is not here": 404, or the page of a contingency level. The page for citizens is no part of the API (docs/page.md).
  const isOfPage = !path.startsWith('/api/') && (given.headers.get('content-type') ?? '').startsWith('text/');
  if (onPath.length === 0)
    return isOfPage || PAGE_PATH.test(path) || [404, 503].includes(given.status)
      ? undefined
      : `${path} is not documented`;
  const method = given.method === 'HEAD' ? 'GET' : given.method;
  const operation = onPath.find((one) => one.method === method);
  if (operation !== undefined) return answerFault(given, operation);
  const [other] = onPath;
  if (other === undefined || ![404, 405].includes(given.status)) return `${given.method} ${path} is not documented`;
  return given.status === 405 ? answerFault(given, other) : undefined;
};

export const documented =
  (listener: RequestListener): RequestListener =>
  (request, response) => {
    const [writeHead, end] = [response.writeHead, response.end];
    let head: readonly [number, Readonly<Record<string, string | number>>] = [0, {}];
    const watched = Object.assign(response, {
      writeHead(status: number, headers: Readonly<Record<string, string | number>>) {
        head = [status, headers];
        return response;
      },
      end(content: string | Uint8Array = '') {
        const body = Buffer.from(content).toString('utf8');
        const [status, headers] = head;
        const { method = '', url = '' } = request;
        const names = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
        const fault = undocumented({ method, url, status, headers: names, body });
        // As it is: it may be compressed.
        const sent = fault === undefined ? content : `the API document: ${fault}`;
        Object.assign(response, { writeHead, end });
        response.writeHead(fault === undefined ? status : 599, {
          ...headers,
          'Content-Length': Buffer.byteLength(sent),
        });
        return response.end(sent);
      },
    });
    listener(request, watched);
  };
