/** An event about a campaign. */
export interface CampaignEvent {
  readonly type: 'Normal' | 'Warning';
  /** Stable CamelCase reason from contract/conditions.ts. */
  readonly reason: string;
  readonly message: string;
}
