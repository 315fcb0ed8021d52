/**
 * Empties a privacy Secret. Emptied, and not deleted: the kubelet then removes the keys from the mounts of running pods, and new pods
 * still start. The operator has this permission only where an admin gives it (`operator.emptyPrivacySecrets` of the chart), because who
 * may patch a Secret can also read it. The answer to this patch holds no key.
 */
import { z } from 'zod';
import type { SecretEmptier } from '../destruction/destruction-keeper.ts';
import { SECRETS } from './api-resources.ts';
import type { KubeClient } from './client.ts';
import { isKubeError } from './errors.ts';

const emptied = z.object({ data: z.record(z.string(), z.unknown()).optional() });
const BODY = [{ op: 'add', path: '/data', value: {} }];

export const createSecretEmptier = (client: KubeClient): SecretEmptier => ({
  async empty(namespace, name, signal) {
    try {
      const target = { resource: SECRETS, namespace, name, verb: 'patch' as const, body: BODY };
      const { data = {} } = emptied.parse(await client.call(target, signal));
      if (Object.keys(data).length > 0) throw new Error(`the Secret ${name} still has keys after it was emptied`);
      return 'emptied';
    } catch (error) {
      if (isKubeError(error, 'not_found')) return 'emptied';
      if (isKubeError(error, 'forbidden')) return 'forbidden';
      throw error;
    }
  },
});
