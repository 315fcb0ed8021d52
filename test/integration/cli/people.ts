/** `kubectl voucher` as people with and without rights call it, on a control plane with the chart's policies and roles. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { CHART, helm, NAMESPACE, RELEASE } from '../../chart/render.ts';
import { RBAC, RIGHTS_PATHS } from '../../helpers/chart-rights.ts';
import type { ControlPlane } from '../../helpers/control-plane.ts';
import { runVoucher } from '../../helpers/run-voucher.ts';

/** Of the chart: `viewer`, `editor`, `owner`. */
export const roleName = (role: string): string => `${NAMESPACE}-${RELEASE}-campaign-${role}`;

/** What of the chart says who may do what; nothing that runs. */
export const installRules = async (plane: ControlPlane): Promise<void> => {
  for (const document of parseAllDocuments(await helm(['template', RELEASE, CHART, '--namespace', NAMESPACE]))) {
    const body = document.toJS();
    const path = RIGHTS_PATHS[body?.kind];
    if (path !== undefined) await plane.call({ method: 'POST', path, body });
  }
};

export const bind = (plane: ControlPlane, namespace: string, user: string, role: string): Promise<unknown> =>
  plane.call({
    method: 'POST',
    path: `${RBAC}/namespaces/${namespace}/rolebindings`,
    body: {
      metadata: { name: `${user}-${role}` },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [{ kind: 'User', name: user, apiGroup: 'rbac.authorization.k8s.io' }],
    },
  });

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface People {
  /** `kubectl voucher …` by somebody; by the cluster's admin unless stated. */
  voucher(args: readonly string[], user?: string): Promise<Said>;
  stop(): Promise<void>;
}

export const people = async (plane: ControlPlane): Promise<People> => {
  const folder = await mkdtemp(join(tmpdir(), 'voucher-people-'));
  const kubeconfigOf = async (user: string): Promise<string> => {
    const config = JSON.parse(await readFile(plane.kubeconfig, 'utf8'));
    config.users[0].user.as = user;
    const file = join(folder, `${user}.kubeconfig`);
    await writeFile(file, JSON.stringify(config), { mode: 0o600 });
    return file;
  };
  return {
    async voucher(args, user) {
      return runVoucher(args, user === undefined ? plane.kubeconfig : await kubeconfigOf(user));
    },
    stop: () => rm(folder, { recursive: true, force: true }),
  };
};
