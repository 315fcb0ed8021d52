/** The tier's section of the spec, as the live settings carry it: `sections.verification`. Pure. */
import { z } from 'zod';
import type { ProviderSpec } from '../../contract/types/verification.ts';

const text = z.string().min(1);
const codes = z.array(z.string());

/** Unknown fields are ignored: pods must accept the settings of a newer operator. */
const section = z.object({
  providers: z
    .array(
      z.object({
        name: text,
        type: z.enum(['TencentIdCard', 'Http']),
        url: text.exactOptional(),
        requestsPerSecond: z.number().positive(),
        requestsPerDay: z.number().positive().exactOptional(),
        timeZone: text,
        order: z.number(),
        weight: z.number().min(1),
        http: z
          .object({
            body: text,
            signature: z.enum(['none', 'hmacSha256']),
            codeAt: text,
            match: codes,
            mismatch: codes,
            noRecord: codes.exactOptional(),
            quotaExceeded: codes.exactOptional(),
          })
          .exactOptional(),
      }),
    )
    .min(1),
});

/** Undefined: the campaign verifies nothing now. @throws Error when a provider is not understood */
export const providersOf = (sections: Readonly<Record<string, unknown>> = {}): readonly ProviderSpec[] | undefined => {
  const found = sections['verification'];
  return found === undefined ? undefined : section.parse(found).providers;
};

/** The same provider, whatever its order and weight. */
export const providerOf = (spec: ProviderSpec): string => identityOf([{ ...spec, order: 0, weight: 1 }]);

/** What a pod has to be rebuilt for. Rates and quotas are the operator's, which hands out shares of them. */
export const identityOf = (providers: readonly ProviderSpec[]): string =>
  JSON.stringify(providers.map(({ requestsPerSecond: _rate, requestsPerDay: _quota, ...identity }) => identity));
