/** The intake as a request listener: registrations and the queue's shared answer directly, everything else through Express. */
import type { RequestListener } from 'node:http';
import { createListener } from '../http/listener.ts';
import { createApi, type IntakeDeps, REGISTRATIONS, SERVING } from './api.ts';

export const createIntake = (deps: IntakeDeps): RequestListener => {
  const api = createApi(deps);
  const { serve, listener } = createListener(api);
  const register = api.routes[REGISTRATIONS];
  return (request, response) => {
    // They bypass the router, which is a tenth of the cost of a registration (docs/adr/0013), and most of that of a poll.
    if (request.method === 'POST' && request.url === REGISTRATIONS) serve(register, request, response);
    else if (request.method === 'GET' && request.url === SERVING && api.serving.send(response, deps.isDraining()))
      return;
    else listener(request, response);
  };
};
