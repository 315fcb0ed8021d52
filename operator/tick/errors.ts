/** What can fail in a tick. The kind is the label of `voucher_operator_reconcile_errors_total`. */
export const STEPS = [
  'read_spec',
  'tick',
  'observe_cluster',
  'read_signals',
  'read_counts',
  'read_outside',
  'read_comparison',
  'scale',
  'ask_again',
  'apply_manifest',
  'create_manifest',
  'remove_tier',
  'ensure_journal',
  'live_settings',
  'outside_shares',
  'waiting_room',
  'create_scale_plan',
  'write_plan_state',
  'write_finalizer',
  'remove_commands',
  'delete_journal',
  'write_status',
  'keep_decisions',
  'keep_audit',
] as const;
export type Step = (typeof STEPS)[number];

/** One failed step, with what was attempted on which object and why it failed. */
export class ReconcileError extends Error {
  override readonly name = 'ReconcileError';
  readonly kind: Step;

  constructor(kind: Step, attempted: string, cause: unknown) {
    super(`${attempted}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.kind = kind;
  }
}
