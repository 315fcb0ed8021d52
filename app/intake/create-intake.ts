/** The intake as a request listener: registrations by the shortest way, everything else through Express. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import express, { type ErrorRequestHandler } from 'express';
import { createApi, type Handler, type IntakeDeps, REGISTRATIONS } from './api.ts';

export const createIntake = (deps: IntakeDeps): RequestListener => {
  const api = createApi(deps);

  const serve = (handler: Handler, request: IncomingMessage, response: ServerResponse, params = {}): void => {
    api
      .answer(handler, request, params)
      .then(({ status, headers, body }) => {
        response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) });
        response.end(body);
      })
      // An answer that could not be written ends with its connection.
      .catch(() => response.destroy());
  };
  // Of the router: a path that it can't read.
  const unreadable: ErrorRequestHandler = (error: unknown, request, response, _next) =>
    serve(() => Promise.reject(error), request, response);

  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  for (const [path, handler] of Object.entries(api.routes)) {
    app.all(path, (request, response) => serve(handler, request, response, request.params));
  }
  app.use((request, response) => serve(api.elsewhere, request, response));
  app.use(unreadable);
  const register = api.routes[REGISTRATIONS];
  return (request, response) => {
    // The flood goes past the router, which is a tenth of what a registration costs here (docs/adr/0013).
    if (request.method === 'POST' && request.url === REGISTRATIONS) serve(register, request, response);
    else app(request, response);
  };
};
