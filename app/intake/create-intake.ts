/** The intake as a request listener: registrations directly, everything else through Express. */
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
  for (const [path, handler] of Object.entries(api.routes)) {
    app.all(path, (request, response) => serve(handler, request, response, request.params));
  }
  app.use((request, response) => serve(api.elsewhere, request, response));
  app.use(unreadable);
  const register = api.routes[REGISTRATIONS];
  return (request, response) => {
    // Registrations bypass the router, which is a tenth of their cost (docs/adr/0013).
    if (request.method === 'POST' && request.url === REGISTRATIONS) serve(register, request, response);
    else app(request, response);
  };
};
