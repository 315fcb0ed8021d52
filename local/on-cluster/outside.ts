/**
 * Servers outside the product, such as the demo's provider of identities, as pods of the crowd's namespace: the pods of a campaign
 * reach them by the name of a Service.
 */
import { CROWD_NAMESPACE } from './crowd.ts';
import { DEMO_LABEL } from './platform.ts';

/** A program of `local/`, which the image of the load generator has, too. */
export interface OutsideServer {
  readonly name: string;
  /** Its file below the repository, without the ending. */
  readonly main: string;
  /** `--host :: --port 8080 --keys-dir /keys` are added. */
  readonly args: readonly string[];
  /** Files of its folder /keys. */
  readonly keys: Readonly<Record<string, string>>;
}

const PORT = 8080;
const KEYS_DIR = '/keys';
const LABEL = 'voucher-operator.io/outside';

export const outsideUrl = (name: string): string => `http://${name}.${CROWD_NAMESPACE}.svc:${PORT}`;
export const OUTSIDE_PORT = PORT;

export const outsideManifests = ({ name, main, args, keys }: OutsideServer, image: string): string => {
  const metadata = { name, namespace: CROWD_NAMESPACE, labels: { ...DEMO_LABEL, [LABEL]: name } };
  const server = {
    name: 'server',
    image,
    imagePullPolicy: 'IfNotPresent',
    command: ['/usr/local/bin/node', `/app/${main}.js`],
    args: [...args, '--host', '::', '--port', String(PORT), '--keys-dir', KEYS_DIR],
    ports: [{ name: 'http', containerPort: PORT }],
    readinessProbe: { tcpSocket: { port: 'http' }, periodSeconds: 1 },
    resources: { requests: { cpu: '50m' } },
    volumeMounts: [{ name: 'keys', mountPath: KEYS_DIR, readOnly: true }],
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65_532,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
    },
  };
  const spec = {
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 1,
    containers: [server],
    volumes: [{ name: 'keys', secret: { secretName: name } }],
  };
  const ports = [{ name: 'http', port: PORT, targetPort: 'http' }];
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'List',
    items: [
      { apiVersion: 'v1', kind: 'Secret', metadata, stringData: keys },
      { apiVersion: 'v1', kind: 'Pod', metadata, spec },
      { apiVersion: 'v1', kind: 'Service', metadata, spec: { selector: { [LABEL]: name }, ports } },
    ],
  });
};
