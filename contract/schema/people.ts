/** Who may register, and how a person is identified. Pure. */
import { MOST_EXCLUSIONS } from '../decisions/exclusion.ts';
import { KEY_SPACES, UNIQUENESS } from '../uniqueness.ts';
import { choice, dnsLabel, int32, listByKey, MAX_CAMPAIGN_NAME_LENGTH, section } from './common.ts';
import type { ObjectNode } from './node.ts';

const PEOPLE_TYPES = './people.ts';

export const identity: ObjectNode = {
  ...section('How a person is identified. Fixed once the campaign has opened.', {
    keySpace: choice(
      'Which identity numbers are accepted. residentNumber: those of every document that has an 18-digit number of GB ' +
        '11643, which are resident identity cards, residence permits of Hong Kong, Macao and Taiwan residents, and ' +
        'permanent residence cards of foreigners. A person with two such documents has two numbers, and counts as two ' +
        'people until verification merges them. identityCard: those of resident identity cards only; a person has only ' +
        'one such number. Default residentNumber.',
      KEY_SPACES,
      'residentNumber',
    ),
  }),
  typeHint: { name: 'IdentitySpec', file: PEOPLE_TYPES },
};

export const eligibility: ObjectNode = {
  ...section('Who may register. Fixed once the campaign has opened.', {
    minAge: int32(
      'Age in years that a citizen must have reached on the day of registration. Default 18.',
      [0, 120],
      18,
    ),
    uniqueness: choice(
      'How many registrations of one person count. perCitizen: one, whichever channel it names. perCitizenAndChannel: one ' +
        'for each channel, so that three apps are three chances. Citizens read the rule in words. Default perCitizen.',
      UNIQUENESS,
      'perCitizen',
    ),
    excludeWinnersOf: listByKey(
      'campaign',
      'Earlier campaigns of this namespace whose winners take no part in the draw. A Job lists them before the keys of the earlier ' +
        'campaign are destroyed; the list of the draw is not frozen without these lists. Citizens read the rule. Left out: none.',
      MOST_EXCLUSIONS,
      {
        type: 'object',
        description: 'EarlierCampaign is a campaign whose winners take no part.',
        typeHint: { name: 'EarlierCampaign', file: PEOPLE_TYPES },
        required: ['campaign'],
        properties: {
          campaign: dnsLabel('Name of the VoucherCampaign.', MAX_CAMPAIGN_NAME_LENGTH),
        },
      },
    ),
  }),
  typeHint: { name: 'EligibilitySpec', file: PEOPLE_TYPES },
};
