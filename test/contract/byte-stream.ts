import type { ByteStream } from '@iot/agent';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

/** A stream with its other end. */
export interface ByteStreamRig {
  /** Not opened yet. Reconnects without waiting long. */
  readonly stream: ByteStream;
  /** Writes at the other end. */
  put(bytes: Uint8Array): void;
  /** What has come to the other end so far. */
  heard(): string;
  /** Takes the other end away, as when a receiver is unplugged; and brings it back. */
  lose(): Promise<void>;
  restore(): Promise<void>;
  remove(): Promise<void>;
}

const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, i) => i);

/** What any ByteStream promises, whatever it is connected to. */
export function describeByteStream(name: string, make: () => Promise<ByteStreamRig>): void {
  describe(`stream: ${name}`, () => {
    let rig: ByteStreamRig;
    let bytes: number[] = [];
    let times: number[] = [];
    const onBytes = (chunk: Uint8Array, bootUs: number): void => {
      bytes.push(...chunk);
      times.push(bootUs);
    };
    const isUp = (): Promise<void> =>
      vi.waitFor(
        () => expect(rig.stream.health()).toEqual({ ...rig.stream.health(), state: 'up', detail: undefined }),
        {
          timeout: 10_000,
        },
      );
    const arrived = (count: number): Promise<void> =>
      vi.waitFor(() => expect(bytes.length).toBeGreaterThanOrEqual(count), { timeout: 10_000 });

    beforeEach(async () => {
      rig = await make();
      bytes = [];
      times = [];
    });
    afterEach(async () => {
      await rig.stream.close();
      await rig.remove();
    });

    it('is down and says why before it is opened', () => {
      expect(rig.stream.health()).toMatchObject({ state: 'down', receivedBytes: 0, detail: expect.any(String) });
    });

    it('delivers bytes as they are, with times that do not go back, and counts them', async () => {
      await rig.stream.open(onBytes);
      await isUp();
      for (let i = 0; i < 8; i++) rig.put(EVERY_BYTE);
      await arrived(8 * 256);
      expect(bytes).toEqual(Array.from({ length: 8 * 256 }, (_, i) => i % 256));
      expect(times).toEqual([...times].sort((a, b) => a - b));
      expect(rig.stream.health().receivedBytes).toBe(8 * 256);
    });

    it('writes to the other end', async () => {
      await rig.stream.open(onBytes);
      await isUp();
      await rig.stream.write(Buffer.from('$PMTK605*31\r\n'));
      await vi.waitFor(() => expect(rig.heard()).toBe('$PMTK605*31\r\n'));
    });

    it('refuses to write while it is down, and says why', async () => {
      await expect(rig.stream.write(Buffer.from('x'))).rejects.toThrow(rig.stream.name);
    });

    it('goes down and says why when the other end goes, and comes back by itself', async () => {
      await rig.stream.open(onBytes);
      await isUp();
      await rig.lose();
      await vi.waitFor(() => expect(rig.stream.health()).toMatchObject({ state: 'down', detail: expect.any(String) }));
      await rig.restore();
      await isUp();
      rig.put(Buffer.from('back'));
      await arrived(4);
      expect(Buffer.from(bytes).toString()).toBe('back');
    });

    it('may be opened before the other end is there', async () => {
      await rig.lose();
      await rig.stream.open(onBytes);
      await vi.waitFor(() => expect(rig.stream.health().detail).toContain('trying again'));
      await rig.restore();
      await isUp();
    });

    it('delivers nothing once it is closed, and can be closed again', async () => {
      await rig.stream.open(onBytes);
      await isUp();
      await rig.stream.close();
      expect(rig.stream.health()).toMatchObject({ state: 'down', detail: expect.any(String) });
      rig.put(Buffer.from('late'));
      await new Promise(setImmediate);
      expect(bytes).toEqual([]);
      await rig.stream.close();
    });

    it('may be closed while it is connecting', async () => {
      void rig.stream.open(onBytes);
      await rig.stream.close();
      expect(rig.stream.health().state).toBe('down');
    });
  });
}
