/** The manifests that a run used, beside the evidence: what a maintainer of KEDA would want to see first. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Contestant, CROWDS } from './contest.ts';
import { campaignFor, kedaApiService, kedaDocumented, kedaExpert, kedaInstallation, podsFor } from './manifests.ts';
import type { PlannedRun } from './schedule.ts';
import { type ContestWorld, KEDA_PORT } from './world.ts';

/** Times of windows are the run's own; here they are the same in every file. */
const ANY_TIME_MS = Date.parse('2027-03-01T12:00:00Z');
/** The host's end of the link, whatever slot the cluster got. */
const ANY_HOST = '10.200.255.1';
const ANY_URL = `http://${ANY_HOST}:18080`;

/** Objects of a contestant, in the order in which they are applied. */
export const manifestsOf = (
  contestant: Contestant,
  crowd: PlannedRun['crowd'],
  pods: ContestWorld['pods'],
): readonly object[] => {
  const these = podsFor(CROWDS[crowd], pods, ANY_TIME_MS);
  const installation = [...kedaInstallation(ANY_HOST, KEDA_PORT), kedaApiService()];
  switch (contestant) {
    case 'keda-documented':
      return [...installation, ...these, kedaDocumented(CROWDS[crowd], ANY_URL)];
    case 'keda-expert':
    case 'keda-expert-1s':
      return [...installation, ...these, kedaExpert(CROWDS[crowd], ANY_URL)];
    case 'ours':
      return [campaignFor(CROWDS[crowd], ANY_TIME_MS)];
    case 'oracle':
    case 'nobody':
      return these;
  }
};

export const writeManifests = async (
  dir: string,
  { crowd, contestant }: PlannedRun,
  { pods }: ContestWorld,
): Promise<void> => {
  const objects = manifestsOf(contestant, crowd, pods);
  await mkdir(dir, { recursive: true });
  const text = objects.map((object) => stringify(object, { aliasDuplicateObjects: false })).join('---\n');
  await writeFile(join(dir, `${crowd}-${contestant}.yaml`), text);
};
