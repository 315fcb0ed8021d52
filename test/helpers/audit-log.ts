/** Writes from the API server's audit log: user, object and time. */
import { readFile } from 'node:fs/promises';

export interface AuditEntry {
  readonly verb: string;
  readonly user: string;
  readonly userAgent: string;
  /** With its subresource: `deployments/scale`. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly code: number;
  readonly atMs: number;
}

/** Every write that was audited, oldest first. */
export const readAuditLog = async (path: string): Promise<readonly AuditEntry[]> => {
  const text = await readFile(path, 'utf8').catch(() => '');
  // What follows the last line break is still being written.
  const lines = text.split('\n').slice(0, -1);
  return lines.map((line): AuditEntry => {
    const { verb, user, userAgent, objectRef = {}, responseStatus, requestReceivedTimestamp } = JSON.parse(line);
    const { resource = '', subresource, namespace = '', name = '' } = objectRef;
    return {
      verb,
      user: user.username,
      userAgent: userAgent ?? '',
      resource: subresource === undefined ? resource : `${resource}/${subresource}`,
      namespace,
      name,
      code: responseStatus?.code ?? 0,
      atMs: Date.parse(requestReceivedTimestamp),
    };
  });
};

export const isLease = ({ resource }: Pick<AuditEntry, 'resource'>): boolean => resource === 'leases';
