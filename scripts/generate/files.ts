/** Which files are generated, and which of them differ from the disk. Pure except for `read`. */
import { openApiDocument } from '../../app/openapi/document.ts';
import { RESOURCES } from '../../contract/schema/schema.ts';
import { renderApi } from './api-reference.ts';
import { crdFileName, renderChartCrd, renderCrd } from './crd.ts';
import { renderDashboards } from './dashboards.ts';
import { demoPicture } from './demo-picture.ts';
import { lawPicture } from './law-picture.ts';
import { renderMetrics } from './metrics.ts';
import { pageBundle } from './page-bundle.ts';
import { referenceFileName, renderReference } from './reference.ts';
import { renderRules } from './rules.ts';
import { renderTypes } from './types.ts';

/** Path from the repository's root, with `/` → content. The same on every machine and in every run. */
export const generatedFiles = (): ReadonlyMap<string, string> =>
  new Map([
    ...RESOURCES.flatMap((resource) => [
      [`crds/${crdFileName(resource)}`, renderCrd(resource)] as const,
      [`charts/voucher-operator/files/crds/${crdFileName(resource)}`, renderChartCrd(resource)] as const,
      [referenceFileName(resource), renderReference(resource)] as const,
    ]),
    ...[...renderTypes(RESOURCES)].map(([file, text]) => [`contract/types/${file}`, text] as const),
    ['docs/metrics.md', renderMetrics()],
    ['charts/voucher-operator/files/rules.yaml', renderRules()],
    ...renderDashboards(),
    ['docs/reference/openapi.json', `${JSON.stringify(openApiDocument(), undefined, 1)}\n`],
    ['docs/api.md', renderApi()],
    ['docs/images/demo.svg', demoPicture()],
    ['docs/images/law.svg', lawPicture()],
    ['app/web/assets/bundle.ts', pageBundle()],
  ]);

/** `read` returns undefined for a missing file. */
export const driftedFiles = async (
  read: (path: string) => Promise<string | undefined>,
): Promise<ReadonlyMap<string, string>> => {
  const drifted = new Map<string, string>();
  for (const [path, content] of generatedFiles()) {
    if ((await read(path)) !== content) drifted.set(path, content);
  }
  return drifted;
};
