/** What must be right for every campaign: API server, kinds, operator, clocks, policies. Pure. */
import { API_GROUP, EVERYWHERE } from '../../contract/names.ts';
import type { SchemaNode } from '../../contract/schema/node.ts';
import { SCALE_PLAN, VOUCHER_CAMPAIGN } from '../../contract/schema/schema.ts';
import { CLAIM_OLD_MS } from '../claim.ts';
import { span } from '../words.ts';
import type { ClusterFacts, CrdFacts, LeaseFacts, OperatorFacts, PolicyFacts } from './doctor-facts.ts';
import { type Finding, fail, ok, onceSeen, warn } from './finding.ts';

/** ValidatingAdmissionPolicy is stable from there on. */
const LEAST_MINOR = 30;

/** | 1.30 and later | OK | · | before, or unreadable | FAIL | */
const serverVersion = ({ server }: ClusterFacts): readonly Finding[] =>
  onceSeen('api-server', server, ({ version }) => {
    const [, major = '', minor = ''] = /^v(\d+)\.(\d+)/.exec(version) ?? [];
    if (Number(major) > 1 || (major === '1' && Number(minor) >= LEAST_MINOR)) {
      return ok('api-server', `Kubernetes ${version}`);
    }
    return fail(
      'api-server',
      `Kubernetes ${version}: the authorisation policies need 1.${LEAST_MINOR}`,
      `upgrade the cluster to 1.${LEAST_MINOR} or later`,
    );
  });

const fieldsOf = (node: SchemaNode, path: string): readonly string[] => {
  if (node.type === 'array') return fieldsOf(node.items, path);
  if (node.type !== 'object') return [];
  return Object.entries(node.properties).flatMap(([name, child]) => {
    const here = path === '' ? name : `${path}.${name}`;
    return [here, ...fieldsOf(child, here)];
  });
};
/** `spec.scaling.mode`; without metadata, which is the API server's own. */
export const knownFields = (plural: string): readonly string[] => {
  const definition = [VOUCHER_CAMPAIGN, SCALE_PLAN].find((one) => one.plural === plural);
  return definition === undefined
    ? []
    : fieldsOf(definition.schema, '').filter((field) => /^(spec|status)\b/.test(field));
};

const crd = ({ name, isEstablished, fields }: CrdFacts): Finding => {
  const check = 'kinds';
  const apply = 'helm upgrade with the chart of this version, or kubectl apply --server-side -f crds/';
  if (!isEstablished) return fail(check, `${name} is not established`, `kubectl describe crd ${name}`);
  const ours = knownFields(name.split('.')[0] ?? '');
  const missing = ours.filter((field) => !fields.includes(field));
  const unknown = fields.filter((field) => /^(spec|status)\b/.test(field) && !ours.includes(field));
  if (missing.length > 0) {
    return fail(check, `${name} is older than this plug-in: it lacks ${missing.slice(0, 3).join(', ')}`, apply);
  }
  return unknown.length > 0
    ? warn(check, `${name} is newer than this plug-in: it has ${unknown.slice(0, 3).join(', ')}`, 'update the plug-in')
    : ok(check, `${name} is of this version`);
};

export const kinds = ({ crds }: ClusterFacts): readonly Finding[] =>
  onceSeen('kinds', crds, (found) =>
    [VOUCHER_CAMPAIGN, SCALE_PLAN].map(({ plural }) => {
      const name = `${plural}.${API_GROUP}`;
      const one = found.find((candidate) => candidate.name === name);
      return one === undefined
        ? fail('kinds', `${name} is missing`, 'helm install the chart, or kubectl apply --server-side -f crds/')
        : crd(one);
    }),
  );

const serves = ({ watchNamespaces }: OperatorFacts, namespace: string): boolean =>
  watchNamespaces.length === 0 || watchNamespaces.includes(namespace);

/** | none serves the namespace, several installations do, or none is ready | FAIL | · | one is ready | WARN | */
export const operator = ({ operators, namespace, claim: claimed }: ClusterFacts): readonly Finding[] =>
  onceSeen('operator', operators, (all) => {
    const serving = all.filter((one) => serves(one, namespace));
    const [first, ...others] = serving;
    if (first === undefined) {
      return fail(
        'operator',
        all.length === 0 ? 'no operator is installed' : `no operator serves namespace ${namespace}`,
        all.length === 0
          ? 'helm install voucher charts/voucher-operator -n voucher-system --create-namespace'
          : `add ${namespace} to operator.watchNamespaces and helm upgrade`,
      );
    }
    const { namespace: where, name, ready, replicas } = first;
    const here = `deployment/${name} -n ${where}`;
    if (others.length > 0) {
      const list = serving.map((one) => `${one.namespace}/${one.name}`).join(', ');
      const acts =
        claimed.kind === 'seen' && claimed.value !== undefined
          ? `; ${claimed.value.holder} acts, and the others do not`
          : '';
      return fail(
        'operator',
        `several installations serve namespace ${namespace}: ${list}${acts}`,
        'uninstall all but one, or give each its own operator.watchNamespaces',
      );
    }
    if (ready === 0) return fail('operator', `none of ${replicas} is ready`, `kubectl describe ${here}`);
    if (ready < 2) {
      return warn(
        'operator',
        `${ready} of ${replicas} is ready: there is no replacement if it fails`,
        replicas < 2 ? 'helm upgrade with operator.replicas: 2' : `kubectl describe ${here}`,
      );
    }
    return ok('operator', `${ready} of ${replicas} are ready, ${first.image}`);
  });

/**
 * | claim of the namespace                    |      |
 * |-------------------------------------------|------|
 * | none: no operator has seen a campaign yet |      |
 * | renewed by an installation in the list    | OK   |
 * | renewed by another one                    | WARN |
 * | not renewed for 90 s                      | FAIL |
 */
export const claim = (facts: ClusterFacts): readonly Finding[] =>
  onceSeen('claim', facts.claim, (found) => {
    if (found === undefined) return [];
    const { holder, writtenAtMs } = found;
    const ageMs = serverNow(facts) - writtenAtMs;
    if (ageMs > CLAIM_OLD_MS) {
      return fail(
        'claim',
        `no operator serves namespace ${facts.namespace}: ${holder} last did ${span(ageMs / 1000)} ago, and the status in kubectl get vcamp is just as old`,
        'helm install the chart, or find out why its operator does not lead; another installation takes over after a minute',
      );
    }
    const isSeen =
      facts.operators.kind !== 'seen' ||
      facts.operators.value.length === 0 ||
      facts.operators.value.some(({ namespace, leaseName }) => `${namespace}/${leaseName}` === holder);
    return isSeen
      ? ok('claim', `${holder} serves namespace ${facts.namespace}`)
      : warn(
          'claim',
          `${holder} serves namespace ${facts.namespace}, but this installation was not found`,
          `kubectl get deployments -n ${holder.split('/')[0]}`,
        );
  });

/** The leader's report on the namespaces that it watches. FAIL for the one in question, WARN for others. */
export const namespaces = ({ lease, namespace: asked }: ClusterFacts): readonly Finding[] =>
  lease.kind !== 'seen'
    ? []
    : Object.entries(lease.value?.notServed ?? {}).map(([namespace, { said, remedy }]) =>
        (namespace === asked || namespace === EVERYWHERE ? fail : warn)('namespaces', said, remedy),
      );

/** The leader renews every 1.5 s; others take over after 4 s. */
const STALE_AFTER_MS = 10_000;

/** The moment when facts were gathered, by the API server's clock if known. */
const serverNow = ({ server, nowMs }: ClusterFacts): number =>
  server.kind === 'seen' ? server.value.dateMs + (nowMs - server.value.answeredAtMs) : nowMs;

const leading = (lease: LeaseFacts | undefined, atMs: number): Finding => {
  const remedy = 'check the operator’s log: kubectl logs -A -l app.kubernetes.io/component=operator --tail 50';
  if (lease === undefined) return fail('leader', 'no operator has ever led', remedy);
  // writtenAtMs is the API server's time; renewedAtMs depends on the operator's clock.
  const ageMs = atMs - (lease.writtenAtMs ?? lease.renewedAtMs);
  return ageMs > STALE_AFTER_MS || lease.holder === ''
    ? fail('leader', `no operator leads; the lease was renewed ${span(ageMs / 1000)} ago`, remedy)
    : ok('leader', `${lease.holder} leads`);
};

export const leader = (facts: ClusterFacts): readonly Finding[] =>
  onceSeen('leader', facts.lease, (lease) => leading(lease, serverNow(facts)));

/** A Date header has whole seconds. */
const DATE_STEP_MS = 1_000;
const TOLERABLE_MS = 2_000;
const GRAVE_MS = 10_000;

const skewText = (skewMs: number): string =>
  `${span(Math.abs(skewMs) / 1000)} ${skewMs > 0 ? 'ahead of' : 'behind'} the API server`;

/** A campaign opens by the operator's and the pods' clocks; this machine's clock only affects what is printed. */
export const clocks = ({ server, lease }: ClusterFacts): readonly Finding[] => [
  ...onceSeen('clock', server, ({ dateMs, answeredAtMs, tookMs }) => {
    // The header was rounded down to whole seconds somewhere between request and answer.
    const skewMs = answeredAtMs - tookMs / 2 - (dateMs + DATE_STEP_MS / 2);
    return Math.abs(skewMs) <= TOLERABLE_MS + tookMs
      ? ok('clock', 'this machine and the API server agree')
      : warn(
          'clock',
          `this machine is ${skewText(skewMs)}: ages and countdowns shown here are off by that`,
          'synchronise this machine: timedatectl set-ntp true',
        );
  }),
  ...(lease.kind !== 'seen' || lease.value?.writtenAtMs === undefined
    ? []
    : [operatorClock(lease.value.renewedAtMs - lease.value.writtenAtMs)]),
];

const operatorClock = (skewMs: number): Finding => {
  if (Math.abs(skewMs) <= TOLERABLE_MS) return ok('clock', 'the operator and the API server agree');
  const said = `the operator is ${skewText(skewMs)}: the campaign opens and closes this much too ${skewMs > 0 ? 'early' : 'late'}`;
  const remedy = 'synchronise the clocks of the nodes (chrony, systemd-timesyncd)';
  return Math.abs(skewMs) > GRAVE_MS ? fail('clock', said, remedy) : warn('clock', said, remedy);
};

const POLICIES = [
  { suffix: '-scale-plans', level: 'FAIL', risk: 'users who may write plans may also approve them' },
  { suffix: '-scale-plan-revocations', level: 'FAIL', risk: 'users who may write plans may also revoke approvals' },
  { suffix: '-ceilings', level: 'FAIL', risk: 'users who may edit a campaign may also raise its ceiling' },
  { suffix: '-contingency', level: 'FAIL', risk: 'users who may edit a campaign may also extend its closing' },
  { suffix: '-draw', level: 'FAIL', risk: 'users who may edit a campaign may also authorise its draw' },
  { suffix: '-issuance', level: 'FAIL', risk: 'users who may edit a campaign may also start its issuance' },
  { suffix: '-privacy', level: 'FAIL', risk: 'users who may edit a campaign may also erase people' },
  { suffix: '-review', level: 'WARN', risk: 'users who may edit a campaign may also review registrations' },
  {
    suffix: '-commands',
    level: 'FAIL',
    risk: 'owners, witnesses and reviewers may change everything of a campaign, not only write commands',
  },
  { suffix: '-confirm-delete', level: 'WARN', risk: 'an open campaign can be deleted by mistake' },
] as const;

/** Policies without a value of the chart are always installed. */
const VALUES: Readonly<Partial<Record<(typeof POLICIES)[number]['suffix'], string>>> = {
  '-scale-plans': 'authorize',
  '-scale-plan-revocations': 'authorize',
  '-ceilings': 'authorize',
  '-contingency': 'authorize',
  '-confirm-delete': 'confirmDelete',
};

const policyRemedy = (suffix: (typeof POLICIES)[number]['suffix']): string => {
  const value = VALUES[suffix];
  return value === undefined
    ? 'helm upgrade with the chart of this release, which contains the policy'
    : `helm upgrade with admission.${value}: true`;
};

const policy = (found: readonly PolicyFacts[], { suffix, level, risk }: (typeof POLICIES)[number]): Finding => {
  const one = found.find(({ name }) => name.endsWith(suffix));
  const said = (what: string): Finding => ({
    check: 'policies',
    level,
    said: `${what}: ${risk}`,
    remedy: policyRemedy(suffix),
  });
  if (one === undefined) return said(`there is no policy …${suffix}`);
  if (!one.isBound) return said(`${one.name} has no binding`);
  return one.warnings > 0
    ? warn(
        'policies',
        `the API server does not understand all of ${one.name}`,
        `kubectl describe validatingadmissionpolicy ${one.name}`,
      )
    : ok('policies', `${one.name} is in force`);
};

export const policies = ({ policies: found }: ClusterFacts): readonly Finding[] =>
  onceSeen('policies', found, (all) => POLICIES.map((wanted) => policy(all, wanted)));

export const checkCluster = (facts: ClusterFacts): readonly Finding[] => [
  ...serverVersion(facts),
  ...kinds(facts),
  ...operator(facts),
  ...leader(facts),
  ...claim(facts),
  ...namespaces(facts),
  ...clocks(facts),
  ...policies(facts),
];
