/** Any API server as tests and evidence ask it: as a cluster admin, over its own certificates. */
import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { parse } from 'yaml';
import { z } from 'zod';
import { watchLines } from '../../operator/kube/watch-lines.ts';
import { type ApiAccess, type ApiAnswer, type ApiCall, apiAccess, callApi } from '../../tools/cluster/api.ts';
import { placeOf } from '../../tools/cluster/place.ts';

export interface KubeApi {
  readonly url: string;
  readonly access: ApiAccess;
  /** The parsed answer. @throws Error for any status but 2xx */
  call(call: ApiCall): Promise<unknown>;
  /** For every status. */
  answer(call: ApiCall): Promise<ApiAnswer>;
}

export const kubeApi = (access: ApiAccess): KubeApi => {
  const answer: KubeApi['answer'] = (call) => callApi(access, call);
  return {
    url: access.url,
    access,
    answer,
    async call(call) {
      const { status, body } = await answer(call);
      if (status < 200 || status >= 300) throw new Error(`${call.method} ${call.path}: ${status} ${body}`);
      return JSON.parse(body);
    },
  };
};

const clientConfig = z.object({ clusters: z.tuple([z.object({ cluster: z.object({ server: z.url() }) })]) });

/** Of one of our own clusters. */
export const clusterApi = async (name: string): Promise<KubeApi> => {
  const place = placeOf(name);
  const { clusters } = clientConfig.parse(parse(await readFile(place.kubeconfig, 'utf8')));
  return kubeApi(await apiAccess(clusters[0].cluster.server, place.pki, 'admin'));
};

export interface SeenEvent {
  readonly type: string;
  readonly object: unknown;
}

/** Lists objects and reports every change; ends with its connection or its signal, and never rejects. */
export const watchPath = (
  api: KubeApi,
  path: string,
  onEvent: (event: SeenEvent) => void,
  signal: AbortSignal,
): Promise<void> => {
  const { ca, cert, key } = api.access;
  const url = new URL(path, api.url);
  url.searchParams.set('watch', 'true');
  return new Promise((resolve) => {
    const outgoing = request(url, { ca, cert, key, signal }, async (response) => {
      try {
        for await (const line of watchLines(response)) onEvent(JSON.parse(line));
      } catch {
        // Ended by the signal, or by a server that was killed.
      }
      resolve();
    });
    outgoing.on('error', () => resolve());
    outgoing.end();
  });
};
