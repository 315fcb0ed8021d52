/** Routes as a request listener of Node. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import express, { type ErrorRequestHandler } from 'express';
import type { AnswerWith, Handler } from './handlers.ts';

export interface Routed {
  /** By path, in the syntax of Express. */
  readonly routes: Readonly<Record<string, Handler>>;
  /** Any other path. */
  readonly elsewhere: Handler;
  readonly answer: AnswerWith;
}

/** No path of ours has a wildcard, whose value would be a list. */
type Params = Readonly<Record<string, string>>;

export type Serve = (handler: Handler, request: IncomingMessage, response: ServerResponse, params?: Params) => void;

export const createListener = ({ routes, elsewhere, answer }: Routed) => {
  const serve: Serve = (handler, request, response, params = {}) => {
    answer(handler, request, params)
      .then(({ status, headers, body }) => {
        response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) });
        response.end(body);
      })
      // An answer that could not be written ends the connection.
      .catch(() => response.destroy());
  };
  // For paths that the router can't read.
  const unreadable: ErrorRequestHandler = (error: unknown, request, response, _next) =>
    serve(() => Promise.reject(error), request, response);

  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  for (const [path, handler] of Object.entries(routes)) {
    app.all(path, (request, response) => serve(handler, request, response, request.params as Params));
  }
  app.use((request, response) => serve(elsewhere, request, response));
  app.use(unreadable);
  return { serve, listener: app as RequestListener };
};
