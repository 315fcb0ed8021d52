/** What a trail contains: enough to know which entries it lacks, in any order of arrival. */
import type { AuditEntry, Authorized, Hours } from './entry.ts';

/** A campaign's object, by its last entries. */
export interface TrailedCampaign {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly site: string;
  readonly authorized?: Authorized;
  readonly window?: Hours;
  readonly closedAt?: string;
  /** Overrides in force: annotation → value. */
  readonly overrides: Readonly<Record<string, string>>;
  /** Contingency levels in force: name → since when. */
  readonly levels: Readonly<Record<string, string>>;
  /** Channels that are stopped: name → since when. */
  readonly stops: Readonly<Record<string, string>>;
  readonly isDeleted: boolean;
  /** The newest version of it behind an entry, and when that was noted. */
  readonly newest?: { readonly version: string; readonly noted: string };
}

export interface TrailedPlan {
  readonly uid: string;
  readonly name: string;
  readonly campaignUid: string;
  /** An approval whose end is not yet in the trail. */
  readonly isGranted: boolean;
  readonly isDeleted: boolean;
}

export class Trail {
  readonly #ids = new Set<string>();
  readonly #counts = new Map<string, number>();
  readonly #campaigns = new Map<string, TrailedCampaign>();
  readonly #plans = new Map<string, TrailedPlan>();

  get campaigns(): ReadonlyMap<string, TrailedCampaign> {
    return this.#campaigns;
  }

  get plans(): ReadonlyMap<string, TrailedPlan> {
    return this.#plans;
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Id of the next entry of a repeatable step: counted by the trail itself, so two writers use the same id. */
  next(key: string): string {
    return `${key}/${(this.#counts.get(key) ?? 0) + 1}`;
  }

  /** A second copy of an entry changes nothing. */
  add(entry: AuditEntry): void {
    if (this.#ids.has(entry.id)) return;
    this.#ids.add(entry.id);
    const key = entry.id.slice(0, entry.id.lastIndexOf('/'));
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    this.#addToCampaign(entry);
    this.#addToPlan(entry);
  }

  #addToCampaign(entry: AuditEntry): void {
    const { uid, namespace, campaign: name, site, version, noted } = entry;
    const campaign = { uid, namespace, name, site };
    const known = this.#campaigns.get(uid) ?? { ...campaign, overrides: {}, levels: {}, stops: {}, isDeleted: false };
    const change = (): Partial<TrailedCampaign> => {
      switch (entry.step) {
        case 'campaign_created':
          return { authorized: entry.authorized, window: entry.window };
        case 'campaign_closed':
          return { closedAt: entry.closesAt };
        case 'campaign_deleted':
          return { isDeleted: true };
        case 'window_changed':
          return { window: entry.now };
        case 'authorized_changed':
          return { authorized: entry.now };
        case 'override_started':
          return { overrides: { ...known.overrides, [entry.override]: entry.value } };
        case 'override_ended': {
          const { [entry.override]: _ended, ...overrides } = known.overrides;
          return { overrides };
        }
        case 'contingency_started':
          return { levels: { ...known.levels, [entry.level]: entry.since } };
        case 'contingency_ended': {
          // It has begun again since.
          if (known.levels[entry.level] !== entry.since) return {};
          const { [entry.level]: _ended, ...levels } = known.levels;
          return { levels };
        }
        case 'channel_stopped':
          return { stops: { ...known.stops, [entry.channel]: entry.since } };
        case 'channel_resumed': {
          if (known.stops[entry.channel] !== entry.since) return {};
          const { [entry.channel]: _resumed, ...stops } = known.stops;
          return { stops };
        }
        default:
          return {};
      }
    };
    const newest = version === undefined ? {} : { newest: { version, noted } };
    this.#campaigns.set(uid, { ...known, ...newest, ...change() });
  }

  #addToPlan(entry: AuditEntry): void {
    if (!('planUid' in entry)) return;
    const { planUid: uid, plan: name, uid: campaignUid } = entry;
    const known = this.#plans.get(uid) ?? { uid, name, campaignUid, isGranted: false, isDeleted: false };
    const change = (): Partial<TrailedPlan> => {
      switch (entry.step) {
        case 'plan_approved':
          return { isGranted: true };
        case 'grant_ended':
          return { isGranted: false };
        case 'plan_deleted':
          return { isDeleted: true };
        default:
          return {};
      }
    };
    this.#plans.set(uid, { ...known, ...change() });
  }
}
