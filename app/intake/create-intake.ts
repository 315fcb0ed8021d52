/** The intake as a request listener: registrations directly, everything else through Express. */
import type { RequestListener } from 'node:http';
import { createListener } from '../http/listener.ts';
import { createApi, type IntakeDeps, REGISTRATIONS } from './api.ts';

export const createIntake = (deps: IntakeDeps): RequestListener => {
  const api = createApi(deps);
  const { serve, listener } = createListener(api);
  const register = api.routes[REGISTRATIONS];
  return (request, response) => {
    // Registrations bypass the router, which is a tenth of their cost (docs/adr/0013).
    if (request.method === 'POST' && request.url === REGISTRATIONS) serve(register, request, response);
    else listener(request, response);
  };
};
