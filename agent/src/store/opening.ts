import type { Sidecar } from './sidecar.ts';

/**
 * What a store is when it is opened, by what its file and its sidecar say of each other.
 *
 * Identity of a batch is (epoch, seq), so one rule decides all: **an epoch goes on only where it is certain that no other
 * file has given, or will give, a number of it to other content.** Everything else opens a new epoch, which states the old
 * one as predecessor: what is known accepted, what is known lost, and `tail-unknown` for numbers of which nobody can
 * know more. A gateway that did accept such a number says so in its ledger, and accepted beats gap: so the ledger is true
 * even where this store knows less than the truth.
 *
 * - `resume`: file and sidecar carry the same generation, a nonce that changes at every open, close and epoch, and the
 *   file has at least the next seq that the sidecar saw. The usual case, a crash included.
 * - `lost`: no file, but a sidecar. Numbers up to its high-water may have been given; those it does not know accepted are
 *   stated `tail-unknown`.
 * - `restored`: an older state of the file than the sidecar saw (or a file that has given numbers, but lost its sidecar,
 *   so that nothing vouches for it). What it holds pending may have been sent after the copy was made; as that is not
 *   known, it moves to the new epoch. Readings sent in between arrive under two identities: doubled rather than lost,
 *   except what the sidecar knows accepted.
 * - `copied`: the machine differs, the unit is ours. This is how a card moves from a dead computer into its replacement, so
 *   its batches must go out; the original can be told from it by the epoch if it ever comes back.
 * - `foreign`: the file belongs to another unit: a cloned image with the name changed, or a unit that was renamed. Its
 *   batches are that unit's to send, and stating anything about its epoch would be stating another's store. It is moved
 *   aside, whole, and this unit starts a store of its own.
 * - `create`: there is nothing.
 *
 * What no file can tell is a copy of file *and* sidecar that runs on the same machine id under the same unit, or a state
 * from within one generation: then two stores give the same numbers, the gateway sees one identity with two digests,
 * and its conflict opens the new epoch.
 */
export type Opening = 'create' | 'resume' | 'lost' | 'restored' | 'copied' | 'foreign';

/** What the database file says of itself. */
export interface FileState {
  readonly unit: string;
  readonly machine: string;
  /** Hex. */
  readonly epoch: string;
  readonly nextSeq: number;
  readonly generation: string;
}

export function decideOpening(
  file: FileState | undefined,
  sidecar: Sidecar | undefined,
  own: { readonly unit: string; readonly machine: string },
): Opening {
  if (!file) return sidecar && sidecar.unit === own.unit ? 'lost' : 'create';
  if (file.unit !== own.unit) return 'foreign';
  if (file.machine !== own.machine) return 'copied';
  // A store that died before its first sidecar was written has given no number yet.
  if (!sidecar) return file.nextSeq === 1 ? 'resume' : 'restored';
  const sameGeneration = file.generation === sidecar.generation || file.generation === sidecar.previous;
  const behind = file.epoch === sidecar.epoch && file.nextSeq < sidecar.nextSeq;
  return sameGeneration && !behind ? 'resume' : 'restored';
}
