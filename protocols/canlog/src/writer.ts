import {
  FLAG_BITRATE_SWITCH,
  FLAG_ERROR_STATE,
  FLAG_FD,
  FRAME_BYTES_MAX,
  type FrameBlock,
  ID_ERROR,
  ID_EXTENDED,
  ID_MASK,
  ID_REMOTE,
} from '@iot/wire';

const HEX_BYTE = Array.from({ length: 256 }, (_, byte) => byte.toString(16).toUpperCase().padStart(2, '0'));

/**
 * Frame `i` of the block as a line of a candump log file, without newline: `(1627305599.790450) can1 009#95A44F410202B07F`.
 * `canplayer` and every other reader of can-utils logs takes it. Times are rounded to the µs.
 */
export function formatCandump(block: FrameBlock, i: number, bus: string): string {
  return `${formatTime(block.timeUs[i])} ${bus} ${formatFrame(block, i)}`;
}

function formatTime(timeUs: number): string {
  const us = Math.round(timeUs);
  const seconds = Math.floor(us / 1e6);
  return `(${String(seconds).padStart(10, '0')}.${String(us - seconds * 1e6).padStart(6, '0')})`;
}

function formatFrame(block: FrameBlock, i: number): string {
  const id = block.id[i];
  const length = block.length[i];
  const head = formatId(id);
  if ((id & ID_REMOTE) !== 0) return length === 0 ? `${head}#R` : `${head}#R${length}`;
  let text = `${head}#`;
  const flags = block.flags[i];
  // FDF itself is what the second `#` says: `##1` as in can-utils' own examples, not `##5`.
  if ((flags & FLAG_FD) !== 0) text += `#${flags & (FLAG_BITRATE_SWITCH | FLAG_ERROR_STATE)}`;
  const start = i * FRAME_BYTES_MAX;
  for (let b = start; b < start + length; b++) text += HEX_BYTE[block.data[b]];
  return text;
}

function formatId(id: number): string {
  const wide = (id & ID_ERROR) !== 0 ? id & (ID_ERROR | ID_MASK) : id & ID_MASK;
  const isWide = (id & (ID_ERROR | ID_EXTENDED)) !== 0;
  return wide
    .toString(16)
    .toUpperCase()
    .padStart(isWide ? 8 : 3, '0');
}
