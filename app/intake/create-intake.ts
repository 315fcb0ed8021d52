/** The intake as a request listener: registrations and the queue's shared answer directly, everything else through Express. */
import type { RequestListener } from 'node:http';
import type { Handler } from '../http/handlers.ts';
import { createListener } from '../http/listener.ts';
import { admitOtherOrigins } from '../web/other-origins.ts';
import { createPages } from '../web/pages.ts';
import { createApi, type IntakeDeps, REGISTRATIONS, SERVING } from './api.ts';
import { provenReceipt } from './receipt-state.ts';

export const createIntake = (deps: IntakeDeps): RequestListener => {
  const api = createApi(deps);
  const register = api.routes[REGISTRATIONS];
  const pages = createPages({
    ...deps,
    read: (handler) => api.watch('static', handler),
    handlers: {
      register,
      receipt: api.routes[`${REGISTRATIONS}/:receiptNo`],
      withdrawal: api.routes[`${REGISTRATIONS}/:receiptNo/withdrawal`],
      account: api.routes[`${REGISTRATIONS}/:receiptNo/account`],
      proven: (receiptNo, secret) => provenReceipt(deps, receiptNo, secret),
    },
  });
  /** A contingency level's page comes before every other page. */
  const unlessPaused =
    (handler: Handler): Handler =>
    (request, params) =>
      api.paused(request) ?? handler(request, params);
  const { serve, listener } = createListener({
    routes: {
      ...api.routes,
      ...Object.fromEntries(Object.entries(pages.routes).map(([path, handler]) => [path, unlessPaused(handler)])),
      ...pages.assets,
    },
    elsewhere: (request) => api.paused(request) ?? pages.missing(request) ?? api.elsewhere(),
    answer: api.answer,
  });
  return (request, response) => {
    if (request.url === REGISTRATIONS && admitOtherOrigins(request, response, deps.settings.current())) return;
    // They bypass the router, which is a tenth of the cost of a registration (docs/adr/0013), and most of that of a poll.
    if (request.method === 'POST' && request.url === REGISTRATIONS) serve(register, request, response);
    else if (request.method === 'GET' && request.url === SERVING && api.serving.send(response, deps.isDraining()))
      return;
    else listener(request, response);
  };
};
