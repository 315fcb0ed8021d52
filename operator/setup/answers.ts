/** The parts of an installation that must answer, and what their answers mean. Pure. */
export type Asked =
  | { readonly kind: 'http'; readonly what: string; readonly url: string }
  /** A meta leader is elected: without one no stream can be created. */
  | { readonly kind: 'meta-leader'; readonly what: string; readonly url: string };

interface Installation {
  readonly operatorUrl: string;
  readonly journalMonitorUrls: readonly string[];
  /** Of its probe, which queries the database; empty when the database is not the chart's. */
  readonly postgresProbeUrl: string;
}

export const askedOf = ({ operatorUrl, journalMonitorUrls, postgresProbeUrl }: Installation): readonly Asked[] => {
  const [first] = journalMonitorUrls;
  return [
    { kind: 'http', what: 'the operator', url: `${operatorUrl}/readyz` },
    ...journalMonitorUrls.map((url): Asked => ({ kind: 'http', what: `the journal's ${url}`, url: `${url}/healthz` })),
    ...(first === undefined
      ? []
      : [{ kind: 'meta-leader', what: 'the quorum of the journal', url: `${first}/jsz` } as const]),
    ...(postgresProbeUrl === ''
      ? []
      : [{ kind: 'http', what: 'the database', url: `${postgresProbeUrl}/ready` } as const]),
  ];
};

/** Why this answer is not good; undefined when it is. */
export const problemOf = (asked: Asked, status: number, body: string): string | undefined => {
  if (status !== 200) return `status ${status}: ${body.slice(0, 200).trim()}`;
  if (asked.kind !== 'meta-leader') return undefined;
  // `{"meta_cluster": {"name": …, "leader": "nats-1", …}}`; the leader is empty, or absent, during an election.
  return /"leader":\s*"[^"]+"/.test(body) ? undefined : 'no leader is elected';
};
