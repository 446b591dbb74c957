import type { BusHealth } from '../../ports.ts';

/** Classes of error frames, in their id, and what data[1] says of a controller's trouble (linux/can/error.h). */
const CLASS_CONTROLLER = 0x004;
const CLASS_BUS_OFF = 0x040;
const CLASS_RESTARTED = 0x100;
const RECEIVE_OVERFLOW = 0x01;
const PASSIVE = 0x10 | 0x20;
const ACTIVE = 0x40;

export interface ErrorFrame {
  /** The state that the controller is in from now on; undefined where the frame does not say. */
  readonly state: BusHealth['state'] | undefined;
  /** The controller lost at least one frame before anyone read it. */
  readonly overflow: boolean;
}

/** Reads an error frame: `errorClass` is its id without flags. */
export function readErrorFrame(errorClass: number, data: Uint8Array): ErrorFrame {
  const controller = (errorClass & CLASS_CONTROLLER) !== 0 ? data[1] : 0;
  return { state: stateOf(errorClass, controller), overflow: (controller & RECEIVE_OVERFLOW) !== 0 };
}

function stateOf(errorClass: number, controller: number): BusHealth['state'] | undefined {
  if ((errorClass & CLASS_BUS_OFF) !== 0) return 'bus-off';
  if ((errorClass & CLASS_RESTARTED) !== 0) return 'up';
  if ((controller & PASSIVE) !== 0) return 'error-passive';
  return (controller & ACTIVE) !== 0 ? 'up' : undefined;
}
