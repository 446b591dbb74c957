import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A log of loaded buses and its DBC, for bench:agent. */
export const LOAD_BUSES = 4;
export const LOAD_SECONDS = 20;
/** An extended frame with 8 bytes takes 131 bits without stuffing (ISO 11898-1), about 150 with what real data needs of it. */
export const FRAMES_PER_SECOND = Math.floor((0.8 * 500_000) / 150);

const DBC = `BO_ 2364540158 EEC1: 8 X
 SG_ EngineSpeed : 24|16@1+ (0.125,0) [0|8031.875] "rpm" X
 SG_ Torque : 16|8@1+ (1,-125) [-125|125] "%" X
 SG_ Demand : 8|8@1+ (1,-125) [-125|125] "%" X
BA_DEF_ BO_ "VFrameFormat" ENUM "StandardCAN","ExtendedCAN","reserved","J1939PG";
BA_DEF_DEF_ "VFrameFormat" "J1939PG";
`;

/** Readings of each frame. */
export const LOAD_SIGNALS = 3;

/** Writes `load.log` and `load.dbc` into a new folder; `frames` is how many the log has. */
export function writeLoad(): { readonly folder: string; readonly frames: number } {
  const folder = mkdtempSync(join(tmpdir(), 'odograph-load-'));
  const lines: string[] = [];
  const total = FRAMES_PER_SECOND * LOAD_SECONDS;
  for (let i = 0; i < total; i++) {
    const time = (1.7e9 + i / FRAMES_PER_SECOND).toFixed(6);
    const speed = (4000 + Math.round(500 * Math.sin(i / 700))).toString(16).padStart(4, '0');
    const data = `F07D${(0x80 + (i % 7)).toString(16)}${speed.slice(2)}${speed.slice(0, 2)}FFFF`.toUpperCase();
    for (let bus = 0; bus < LOAD_BUSES; bus++) lines.push(`(${time}) can${bus} 0CF00400#${data.slice(0, 16)}`);
  }
  writeFileSync(join(folder, 'load.log'), `${lines.join('\n')}\n`);
  writeFileSync(join(folder, 'load.dbc'), DBC);
  return { folder, frames: total * LOAD_BUSES };
}
