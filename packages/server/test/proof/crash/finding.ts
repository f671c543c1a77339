/**
 * What can be found:
 * - `lost`: an acknowledged write is not there, or is another than was acknowledged.
 * - `doubled`: one key had more than one effect: two objects, two attempts, money that moved twice.
 * - `half_applied`: an object lacks a part that belongs to it, or a part stands without its object.
 * - `unasked`: there is a write that nobody sent.
 * - `undelivered`: an event never reached its receiver.
 * - `disordered`: the feed has a gap, tells something twice, or tells of an object's changes in another order.
 * - `forged`: a webhook came whose signature is not its merchant's.
 * - `unfinished`: something is still open although everything that was due has run.
 * - `ledger`: `paylect ledger verify` has a finding.
 * - `refused`: a caller got an answer that no caller may get.
 * - `slow`: it took longer than it may until writes were accepted again.
 */
export type FindingKind =
  | 'lost'
  | 'doubled'
  | 'half_applied'
  | 'unasked'
  | 'undelivered'
  | 'disordered'
  | 'forged'
  | 'unfinished'
  | 'ledger'
  | 'refused'
  | 'slow'

/** Something that may not be. */
export interface Finding {
  readonly kind: FindingKind
  readonly message: string
}
