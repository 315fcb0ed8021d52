/** The contingency effect `closeQueue`. */
import { describe, expect, it } from '@jest/globals';
import { effectText } from '../../../cli/contingency/contingency-words.ts';
import { contingencyAnnotation } from '../../../contract/names.ts';
import { perTier } from '../../../contract/tiers.ts';
import type { ContingencyLevel } from '../../../contract/types/contingency.ts';
import { contingencyOf } from '../../../operator/contingency/contingency.ts';
import { EMPTY_MEMORY } from '../../../operator/scaling/types.ts';
import { aCampaign, OPENS_AT_MS } from '../../helpers/a-campaign.ts';
import { anObserved } from '../../helpers/observed.ts';

const level: ContingencyLevel = {
  name: 'no-more',
  title: { 'zh-CN': '暂停取号', en: 'No more tickets' },
  effect: { closeQueue: true },
};

const effects = (said?: string) =>
  contingencyOf({
    campaign: aCampaign({
      metadata: said === undefined ? {} : { annotations: { [contingencyAnnotation('no-more')]: said } },
      spec: { contingency: { levels: [level] } },
    }),
    observed: anObserved(),
    memory: perTier(() => EMPTY_MEMORY),
    nowMs: OPENS_AT_MS + 60_000,
  }).effects;

describe('closeQueue', () => {
  it('closes the waiting room while its level is in force', () => {
    expect(effects().isQueueClosed).toBeUndefined();
    expect(effects('on by li until stopped: too many')).toEqual({ isQueueClosed: true });
  });

  it('is said in words', () => {
    expect(effectText(level)).toBe('no new tickets in the waiting room');
  });
});
