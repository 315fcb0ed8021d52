/** A campaign's trail from an operator, through the API server; and whether it is complete. */
import { breakOf, GENESIS, type Link, linkOf } from '../../contract/hash-chain.ts';
import { AUDIT_PORT_NAME, auditServiceName } from '../../contract/names.ts';
import { SERVICES } from '../../operator/kube/api-resources.ts';
import type { KubeClient } from '../../operator/kube/client.ts';
import { isKubeError } from '../../operator/kube/errors.ts';
import { readText } from '../../runtime/read-text.ts';
import { ForbiddenError, UsageError } from '../errors.ts';

export interface Installation {
  readonly systemNamespace: string;
  readonly release: string;
}

/** The Role that grants read access to trails, and nothing else. */
const READER = 'audit-reader';
/** 20,000 entries, more than a trail may have. */
const MAX_BYTES = 64 * 2 ** 20;
const WITHIN_MS = 90_000;

const explained = (error: unknown, { systemNamespace, release }: Installation): unknown => {
  const service = auditServiceName(release);
  if (isKubeError(error, 'forbidden')) {
    const role = `${release}-${READER}`;
    return new ForbiddenError(
      `you lack permission to read trails (${error.message}).\nThe chart's Role ${role} grants it; a cluster administrator assigns it with\n  kubectl create rolebinding ${role}-you -n ${systemNamespace} --role ${role} --user <you>\nor with the chart's value audit.readers`,
    );
  }
  if (isKubeError(error, 'not_found')) {
    if (error.reason === 'NoTrail') return new UsageError(error.message.replace(/^.*NoTrail: /s, ''));
    return new UsageError(
      `there is no Service ${service} in namespace ${systemNamespace}. If the operator is installed under another name or namespace, use --system-namespace and --release. If this is its installation, its port for trails is closed: a person who installs opens it with\n  helm upgrade ${release} CHART -n ${systemNamespace} --reset-then-reuse-values --set audit.open=true`,
      { cause: error },
    );
  }
  if (isKubeError(error, 'server')) {
    if (error.reason === 'JournalUnavailable' || error.reason === 'Busy') {
      return new Error(`the operator can't read the trail now: ${error.message.replace(/^.*?: 503 \w+: /s, '')}`);
    }
    return new Error(
      `no operator answers behind Service ${service} in namespace ${systemNamespace}: is one running? kubectl get pods -n ${systemNamespace} -l app.kubernetes.io/component=operator (${error.message})`,
      { cause: error },
    );
  }
  return error;
};

/** As stored, oldest first. @throws UsageError without a trail; Error when it was cut short; ForbiddenError */
export const readTrail = async (
  client: KubeClient,
  installation: Installation,
  /** auditPath or reviewsPath of the campaign. */
  path: string,
): Promise<readonly string[]> => {
  const { systemNamespace: namespace, release } = installation;
  const name = `${auditServiceName(release)}:${AUDIT_PORT_NAME}`;
  const target = { resource: SERVICES, namespace, name, subresource: `proxy${path}` };
  try {
    const signal = AbortSignal.timeout(WITHIN_MS);
    const body = await client.open({ ...target, verb: 'get' }, signal);
    const lines = (await readText(body, MAX_BYTES)).split('\n');
    // The last one ends with a line break, and contains the number of lines.
    const end: unknown = lines.pop() === '' ? JSON.parse(lines.pop() ?? '{}') : {};
    if (typeof end !== 'object' || end === null || !('end' in end) || end.end !== lines.length) {
      throw new Error('the answer was cut short: try again');
    }
    return lines;
  } catch (error) {
    throw explained(error, installation);
  }
};

export interface TrailCheck {
  readonly entries: number;
  /** Hash of the last line: noted elsewhere, it proves later that nothing was cut off. */
  readonly head: string;
  /** What does not fit, in order; empty for a complete trail. */
  readonly breaks: readonly string[];
}

/** @param noted an earlier head; undefined when there is none */
export const checkTrail = (lines: readonly string[], noted?: string): TrailCheck => {
  let last: Link = GENESIS;
  let hasNoted = noted === undefined;
  const breaks: string[] = [];
  for (const line of lines) {
    const broken = breakOf(line, last);
    if (broken !== undefined) breaks.push(broken);
    last = linkOf(line, last);
    hasNoted ||= last.hash === noted;
  }
  if (!hasNoted) breaks.push(`no entry has the hash ${noted}: entries up to it were cut off or altered`);
  return { entries: lines.length, head: last.hash, breaks };
};
