/** The tier's section of the spec, as the live settings carry it: `sections.login`. Pure. */
import { z } from 'zod';
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

/** What a system has to be made anew for. */
export const identityOf = ({ requestsPerSecond: _rate, ...identity }: LoginSystem): string => JSON.stringify(identity);
