/** Every dashboard of the product, by the name of its file. Pure. */
import { CAMPAIGN_DASHBOARD } from './campaign.ts';
import { CITIZENS_DASHBOARD } from './citizens.ts';
import { OPERATOR_DASHBOARD } from './operator.ts';
import { OWNER_DASHBOARD } from './owner.ts';
import type { Dashboard } from './panel.ts';

export const DASHBOARDS: Readonly<Record<string, Dashboard>> = {
  campaign: CAMPAIGN_DASHBOARD,
  'citizens-way': CITIZENS_DASHBOARD,
  operator: OPERATOR_DASHBOARD,
  owner: OWNER_DASHBOARD,
};

/** Of all panels, with the place for messages: `campaign: Backlog`. */
export const dashboardQueries = (): readonly {
  readonly where: string;
  readonly expr: string;
  readonly legend: string;
  readonly mayBeEmpty: string | undefined;
}[] =>
  Object.entries(DASHBOARDS).flatMap(([file, { rows }]) =>
    rows
      .flatMap(({ panels }) => panels)
      .flatMap(({ title, queries, mayBeEmpty }) =>
        queries.map(({ expr, legend }) => ({ where: `${file}: ${title}`, expr, legend, mayBeEmpty })),
      ),
  );
