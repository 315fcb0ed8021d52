import { describe, expect, it } from '@jest/globals';
import { JOURNAL_FINALIZER } from '../../../contract/names.ts';
import { finalizerChange } from '../../../operator/apply/finalizer.ts';
import { aCampaign } from '../../helpers/a-campaign.ts';

const OTHERS = 'example.org/backup';

describe('the finalizer of the journal', () => {
  it.each([
    ['is not added under Retain', 'Retain', [], false, undefined],
    ['is not added under Retain beside another one', 'Retain', [OTHERS], false, undefined],
    ['is taken away when the policy becomes Retain', 'Retain', [JOURNAL_FINALIZER], false, 'remove'],
    ['is taken away also from one that waits for its end', 'Retain', [JOURNAL_FINALIZER], true, 'remove'],
    ['is added under Delete', 'Delete', [OTHERS], false, 'add'],
    ['stays under Delete', 'Delete', [OTHERS, JOURNAL_FINALIZER], false, undefined],
    ['is never added to one that ends: the API server would refuse it', 'Delete', [], true, undefined],
    ['stays under Delete until the journal is gone', 'Delete', [JOURNAL_FINALIZER], true, undefined],
  ] as const)('%s', (_, deletionPolicy, finalizers, isEnding, want) => {
    const { metadata, spec, ...campaign } = aCampaign();
    const ending = isEnding ? { deletionTimestamp: '2020-09-25T10:00:00Z' } : {};
    expect(
      finalizerChange({
        ...campaign,
        metadata: { ...metadata, finalizers, ...ending },
        spec: { ...spec, deletionPolicy },
      }),
    ).toBe(want);
  });
});
