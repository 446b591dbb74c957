import type { Spool } from '../spool/spool.ts';
import type { EpochView } from './view.ts';

/** The ledger of units, by name; of all that were ever heard of where none is named. */
export async function ledgerOf(
  spool: Pick<Spool, 'ledger' | 'units'>,
  units: readonly string[],
): Promise<Readonly<Record<string, readonly EpochView[]>>> {
  const wanted = units.length > 0 ? units : (await spool.units()).map(({ unit }) => unit);
  const views = await Promise.all(wanted.map(async (unit) => [unit, await spool.ledger(unit)] as const));
  return Object.fromEntries(views);
}
