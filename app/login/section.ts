/** The tier's section of the spec, as the live settings carry it: `sections.login`. Pure. */
import { z } from 'zod';
import { CHANNELS, type Channel } from '../../contract/envelope.ts';
import { loginPath } from '../../contract/outside/login.ts';
import type { LoginSpec, LoginSystem } from '../../contract/types/login.ts';

const text = z.string().min(1);

/** Unknown fields are ignored: pods must accept the settings of a newer operator. */
const section = z.object({
  publicKey: text,
  url: text,
  page: text,
  systems: z.array(
    z.object({
      name: text,
      type: z.enum(['Oidc', 'WeChat', 'Alipay', 'UnionPay']),
      url: text.exactOptional(),
      authorizeUrl: text.exactOptional(),
      clientId: text,
      scope: text.exactOptional(),
      prompt: text.exactOptional(),
      claims: z.object({ name: text, idNumber: text, idType: text.exactOptional() }),
      requestsPerSecond: z.number().positive(),
    }),
  ),
});

export type LoginSection = Omit<LoginSpec, 'secretName'>;

/** Undefined: the campaign has no logins. @throws Error when it is not understood */
export const loginSectionOf = (sections: Readonly<Record<string, unknown>> = {}): LoginSection | undefined => {
  const found = sections['login'];
  return found === undefined ? undefined : section.parse(found);
};

/** With which assertions are checked; undefined: the campaign has no logins. */
export const loginKeyIn = (sections: Readonly<Record<string, unknown>> = {}): string | undefined =>
  section.pick({ publicKey: true }).safeParse(sections['login']).data?.publicKey;

/** The logins that a page can offer. Empty: none, or a section that this release does not understand. */
export const loginsShown = (sections: Readonly<Record<string, unknown>> = {}) => {
  const found = section.safeParse(sections['login']).data;
  return (found?.systems ?? []).map(({ name, type }) => ({
    name,
    proves: type === 'Oidc' ? 'identity' : 'account',
    url: new URL(loginPath(name), found?.url).href,
  }));
};

export interface OfferedLogin {
  readonly url: string;
  /** Whose accounts it proves. Undefined: it proves who a citizen is. */
  readonly channel: Channel | undefined;
}

/** The same for the page, which offers an account's login beside its channel. */
export const loginsOffered = (sections: Readonly<Record<string, unknown>> = {}): readonly OfferedLogin[] => {
  const found = section.safeParse(sections['login']).data;
  return (found?.systems ?? []).map(({ name, type }) => ({
    url: new URL(loginPath(name), found?.url).href,
    channel: CHANNELS.find((channel) => channel === type.toLowerCase()),
  }));
};

/** What a system has to be made anew for. */
export const identityOf = ({ requestsPerSecond: _rate, ...identity }: LoginSystem): string => JSON.stringify(identity);
