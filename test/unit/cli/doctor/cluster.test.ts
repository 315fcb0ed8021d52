import { describe, expect, it } from '@jest/globals';
import { checkCluster, knownFields } from '../../../../cli/doctor/check-cluster.ts';
import type { ClusterFacts } from '../../../../cli/doctor/doctor-facts.ts';
import { anOperator, BEFORE_MS, clusterFacts, HIDDEN, seen } from '../../../helpers/doctor-facts.ts';

/** Everything that is not OK, as `LEVEL check: what`. */
const told = (changes: Partial<ClusterFacts>): readonly string[] =>
  checkCluster(clusterFacts(changes))
    .filter(({ level }) => level !== 'OK')
    .map(({ level, check, said }) => `${level} ${check}: ${said}`);

const server = (changes: object) =>
  seen({ version: 'v1.36.3', dateMs: BEFORE_MS - 500, answeredAtMs: BEFORE_MS, tookMs: 8, ...changes });
const operators = (changes: object) => seen([{ ...anOperator, ...changes }]);
const lease = (renewedAtMs: number, writtenAtMs: number, notServed = {}) =>
  seen({ holder: 'one', renewedAtMs, writtenAtMs, notServed });
const LEFT_OUT = { said: "Namespace b is left out: its pods can't be listed (403).", remedy: 'Create the namespace.' };
const crds = (change: (fields: readonly string[]) => readonly string[]) =>
  seen(
    ['vouchercampaigns', 'scaleplans'].map((plural) => ({
      name: `${plural}.voucher-operator.io`,
      isEstablished: true,
      fields: change(knownFields(plural)),
    })),
  );
const policies = (change: (name: string) => { readonly isBound: boolean; readonly warnings: number }) =>
  seen(
    [
      'a-scale-plans',
      'a-scale-plan-revocations',
      'a-ceilings',
      'a-contingency',
      'a-draw',
      'a-issuance',
      'a-privacy',
      'a-review',
      'a-commands',
      'a-confirm-delete',
    ].map((name) => ({
      name,
      ...change(name),
    })),
  );

describe('the cluster', () => {
  it('is well', () => {
    expect(told({})).toEqual([]);
  });

  it.each<[string, Partial<ClusterFacts>, readonly string[]]>([
    ['is too old', { server: server({ version: 'v1.29.4' }) }, ['FAIL api-server: Kubernetes v1.29.4']],
    ['is of a later major version', { server: server({ version: 'v2.0.0' }) }, []],
    ['has no kinds', { crds: seen([]) }, ['FAIL kinds: vouchercampaigns', 'FAIL kinds: scaleplans']],
    [
      'has kinds of an older version',
      { crds: crds((fields) => fields.filter((field) => field !== 'spec.scaling.mode')) },
      ['FAIL kinds: vouchercampaigns.voucher-operator.io is older than this plug-in: it lacks spec.scaling.mode'],
    ],
    [
      'has kinds of a newer version',
      { crds: crds((fields) => [...fields, 'spec.ofALaterRelease']) },
      [
        'WARN kinds: vouchercampaigns.voucher-operator.io is newer',
        'WARN kinds: scaleplans.voucher-operator.io is newer',
      ],
    ],
    ['has no operator', { operators: seen([]) }, ['FAIL operator: no operator is installed']],
    [
      'has one for other namespaces',
      { operators: operators({ watchNamespaces: ['other'] }) },
      ['FAIL operator: no operator serves namespace vouchers'],
    ],
    ['has one that does not run', { operators: operators({ ready: 0 }) }, ['FAIL operator: none of 2 is ready']],
    ['has one without a second', { operators: operators({ ready: 1 }) }, ['WARN operator: 1 of 2 is ready']],
    [
      'has two installations',
      { operators: seen([anOperator, { ...anOperator, name: 'b' }]) },
      [
        'FAIL operator: several installations serve namespace vouchers: voucher-system/voucher, voucher-system/b; voucher-system/voucher acts, and the others do not',
      ],
    ],
    [
      'has campaigns that no operator serves any more',
      { claim: seen({ holder: 'gone/voucher', writtenAtMs: BEFORE_MS - 7 * 60_000 }) },
      [
        'FAIL claim: no operator serves namespace vouchers: gone/voucher last did 7:00 min ago, and the status in kubectl get vcamp is just as old',
      ],
    ],
    [
      'has campaigns that another installation serves',
      { claim: seen({ holder: 'elsewhere/voucher', writtenAtMs: BEFORE_MS - 20_000 }) },
      ['WARN claim: elsewhere/voucher serves namespace vouchers, but this installation was not found'],
    ],
    ['has no campaign yet', { claim: seen(undefined) }, []],
    [
      'has an operator that leaves another namespace out',
      { lease: lease(BEFORE_MS - 1_000, BEFORE_MS - 1_000, { b: LEFT_OUT }) },
      ['WARN namespaces: Namespace b is left out'],
    ],
    [
      'has an operator that leaves this namespace out',
      { namespace: 'b', claim: seen(undefined), lease: lease(BEFORE_MS - 1_000, BEFORE_MS - 1_000, { b: LEFT_OUT }) },
      ['FAIL namespaces: Namespace b is left out'],
    ],
    [
      'is refused to the operator as a whole',
      { lease: lease(BEFORE_MS - 1_000, BEFORE_MS - 1_000, { '*': { ...LEFT_OUT, said: 'No namespace is served.' } }) },
      ['FAIL namespaces: No namespace is served'],
    ],
    ['has nobody who leads', { lease: seen(undefined) }, ['FAIL leader: no operator has ever led']],
    [
      'has a leader who stopped',
      { lease: lease(BEFORE_MS - 60_000, BEFORE_MS - 60_000) },
      ['FAIL leader: no operator leads; the lease was renewed 1:00 min ago'],
    ],
    [
      'has an operator whose clock is ahead',
      { lease: lease(BEFORE_MS + 4_000, BEFORE_MS - 1_000) },
      ['WARN clock: the operator is 5 s ahead of the API server: the campaign opens and closes this much too early'],
    ],
    [
      'has an operator whose clock is far behind',
      { lease: lease(BEFORE_MS - 61_000, BEFORE_MS - 1_000) },
      ['FAIL clock: the operator is 1:00 min behind the API server'],
    ],
    [
      'has another time than this machine',
      { server: server({ dateMs: BEFORE_MS - 30_500 }), lease: lease(BEFORE_MS - 31_000, BEFORE_MS - 31_000) },
      ['WARN clock: this machine is 30 s ahead of the API server'],
    ],
    [
      'lets everybody authorise',
      { policies: seen([]) },
      [
        'FAIL policies: there is no policy …-scale-plans',
        'FAIL policies: there is no policy …-scale-plan-revocations',
        'FAIL policies: there is no policy …-ceilings',
        'FAIL policies: there is no policy …-contingency',
        'FAIL policies: there is no policy …-draw',
        'FAIL policies: there is no policy …-issuance',
        'FAIL policies: there is no policy …-privacy',
        'WARN policies: there is no policy …-review',
        'FAIL policies: there is no policy …-commands: owners, witnesses and reviewers may change everything',
        'WARN policies: there is no policy …-confirm-delete',
      ],
    ],
    [
      'has policies that are bound nowhere',
      { policies: policies((name) => ({ isBound: name !== 'a-ceilings', warnings: 0 })) },
      ['FAIL policies: a-ceilings has no binding: users who may edit a campaign may also raise its ceiling'],
    ],
    [
      'does not understand a policy',
      { policies: policies((name) => ({ isBound: true, warnings: name === 'a-ceilings' ? 1 : 0 })) },
      ['WARN policies: the API server does not understand all of a-ceilings'],
    ],
  ])('%s', (_sentence, changes, expected) => {
    const findings = told(changes);
    expect(findings).toHaveLength(expected.length);
    for (const [index, text] of expected.entries()) expect(findings[index]).toContain(text);
  });

  it('is judged as far as it may be seen, and says who sees the rest', () => {
    const findings = checkCluster(
      clusterFacts({
        crds: HIDDEN,
        operators: HIDDEN,
        lease: HIDDEN,
        claim: HIDDEN,
        policies: HIDDEN,
        server: { kind: 'failed', message: 'EOF' },
      }),
    );
    expect(findings.map(({ level }) => level)).toEqual(findings.map(() => 'WARN'));
    expect(findings.find(({ check }) => check === 'operator')?.remedy).toContain('kubectl get it');
  });

  it('gives a remedy for everything that is not well', () => {
    const findings = checkCluster(
      clusterFacts({ crds: seen([]), operators: seen([]), lease: seen(undefined), policies: seen([]) }),
    );
    for (const { level, remedy } of findings) if (level !== 'OK') expect(remedy).toBeTruthy();
  });
});
