/** A frame as the `socketcan` package delivers it: it does not say whether a frame of up to 8 bytes was a CAN FD frame. */
export interface SocketCanMessage {
  /** 11 or 29 bits; the class of an error frame. */
  readonly id: number;
  readonly ext?: boolean;
  readonly rtr?: boolean;
  readonly err?: boolean;
  /** When the kernel received it, on the wall clock. */
  readonly ts_sec?: number;
  readonly ts_usec?: number;
  readonly data: Uint8Array;
}

/** What is used of the package's channel. Nothing here sends: the bus is only listened to. */
export interface SocketCanChannel {
  addListener(event: 'onMessage', callback: (message: SocketCanMessage) => void): void;
  /** The interface is gone, or its socket failed: the channel has stopped, and will not start again. */
  addListener(event: 'onStopped', callback: () => void): void;
  start(): void;
  stop(): void;
}

export interface SocketCanModule {
  createRawChannel(interfaceName: string, timestamps: boolean): SocketCanChannel;
}

/** Loads the package, which is optional: its types may not be there, and what is used of them is above. */
export async function loadSocketCan(): Promise<SocketCanModule> {
  const name = 'socketcan';
  const loaded = (await import(name)) as SocketCanModule & { default?: SocketCanModule };
  return loaded.default ?? loaded;
}
