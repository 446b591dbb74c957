import type { InterfaceState, SocketCanChannel, SocketCanMessage, SocketCanModule } from '@iot/agent';
import { FLAG_BITRATE_SWITCH, FLAG_FD, ID_EXTENDED, ID_MASK, ID_REMOTE } from '@iot/wire';
import type { TestFrame } from '../contract/frames.ts';

/** Frames that the binding hands over in one turn of the event loop at most. */
const FRAMES_A_TURN = 100;

/** The `socketcan` package and the kernel behind it, as a test wants them: one interface that can go and come back. */
export class ScriptedSocketCan {
  #state: InterfaceState = 'up';
  #channel: ScriptedChannel | undefined;

  /** The package. */
  readonly load = async (): Promise<SocketCanModule> => ({
    createRawChannel: () => {
      // All that the real one says, whatever the reason.
      if (this.#state !== 'up') throw new Error('Error while creating channel');
      this.#channel = new ScriptedChannel();
      return this.#channel;
    },
  });

  /** What the kernel says of the interface. */
  readonly probe = (): InterfaceState => this.#state;

  set state(state: InterfaceState) {
    this.#state = state;
  }

  unplug(): void {
    this.#state = 'missing';
    this.#channel?.fail();
    this.#channel = undefined;
  }

  plug(): void {
    this.#state = 'up';
  }

  async receive(frames: readonly TestFrame[]): Promise<void> {
    for (let i = 0; i < frames.length; i += FRAMES_A_TURN) {
      for (const frame of frames.slice(i, i + FRAMES_A_TURN)) this.#channel?.message(messageOf(frame));
      await new Promise(setImmediate);
    }
  }

  /** A message as the package makes it, whatever is in it. */
  message(message: SocketCanMessage): void {
    this.#channel?.message(message);
  }
}

class ScriptedChannel implements SocketCanChannel {
  readonly #onMessage: ((message: SocketCanMessage) => void)[] = [];
  readonly #onStopped: (() => void)[] = [];
  #started = false;

  addListener(event: 'onMessage' | 'onStopped', callback: ((message: SocketCanMessage) => void) & (() => void)): void {
    if (event === 'onMessage') this.#onMessage.push(callback);
    else this.#onStopped.push(callback);
  }

  start(): void {
    this.#started = true;
  }

  stop(): void {
    if (!this.#started) throw new Error('Channel not started');
    this.fail();
  }

  message(message: SocketCanMessage): void {
    if (this.#started) for (const listener of this.#onMessage) listener(message);
  }

  fail(): void {
    this.#started = false;
    for (const listener of this.#onStopped) listener();
  }
}

function messageOf({ id, data }: TestFrame): SocketCanMessage {
  return {
    id: (id & ID_MASK) >>> 0,
    ...((id & ID_EXTENDED) !== 0 && { ext: true }),
    ...((id & ID_REMOTE) !== 0 && { rtr: true }),
    data: Buffer.from(data),
  };
}

/** What the package can do and the agent never does: send. */
interface SendingChannel extends SocketCanChannel {
  send(message: object): number;
  sendFD(message: object): number;
}

/** Sends frames on a real interface, for the tests that have one. */
export async function openSender(
  interfaceName: string,
): Promise<{ send(frames: readonly TestFrame[]): void; close(): void }> {
  const name = 'socketcan';
  const { default: module } = (await import(name)) as { default: { createRawChannel(name: string): SendingChannel } };
  const channel = module.createRawChannel(interfaceName);
  channel.start();
  return {
    send(frames) {
      for (const frame of frames) {
        if ((frame.flags & FLAG_FD) === 0) channel.send(messageOf(frame));
        else channel.sendFD({ ...messageOf(frame), fd_brs: (frame.flags & FLAG_BITRATE_SWITCH) !== 0 });
      }
    },
    close: () => channel.stop(),
  };
}
