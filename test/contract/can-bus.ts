import type { CanBus } from '@iot/agent';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CLASSIC_FRAMES, frameAt, numberedFrames, type TestFrame } from './frames.ts';

/** A bus with a way to put frames on it from outside. */
export interface CanBusRig {
  /** Not opened yet. Reconnects, where it does, without waiting long. */
  readonly bus: CanBus;
  /** Has these frames come to the bus, which is open; for a source that plays by itself, the frames that it plays. */
  put(frames: readonly TestFrame[]): Promise<void>;
  /** Takes the source away, and brings it back. Undefined for sources that cannot go. */
  readonly source?: { lose(): Promise<void>; restore(): Promise<void> };
  remove(): Promise<void>;
}

export interface CanBusTraits {
  /** Frames beyond classic data frames that it must carry bit for bit. */
  readonly frames: readonly TestFrame[];
  /** A recording: it ends, and its frames are known before it is opened. */
  readonly isRecording?: boolean;
}

/** What any CanBus promises, whatever its frames come from. `make` is given the frames that a recording has. */
export function describeCanBus(
  name: string,
  traits: CanBusTraits,
  make: (recorded: readonly TestFrame[]) => Promise<CanBusRig>,
): void {
  const mixed = [...CLASSIC_FRAMES, ...traits.frames];
  const many = numberedFrames(2000);

  describe(`bus: ${name}`, () => {
    let rig: CanBusRig;
    let frames: TestFrame[] = [];
    let times: number[] = [];
    let blocks = 0;
    beforeEach(() => {
      frames = [];
      times = [];
      blocks = 0;
    });
    afterEach(async () => {
      await rig.bus.close();
      await rig.remove();
    });

    const openWith = async (recorded: readonly TestFrame[]): Promise<void> => {
      rig = await make(recorded);
      await rig.bus.open((block) => {
        blocks++;
        for (let i = 0; i < block.count; i++) {
          frames.push(frameAt(block, i));
          times.push(block.timeUs[i]);
        }
        // It is the driver's block: it must not matter what becomes of it.
        block.data.fill(0xee);
      });
      if (!traits.isRecording) await rig.put(recorded);
    };
    const arrived = (count: number): Promise<void> =>
      vi.waitFor(() => expect(frames.length).toBeGreaterThanOrEqual(count), { timeout: 10_000, interval: 2 });

    it('says why nothing comes before it is opened', async () => {
      rig = await make(mixed);
      expect(rig.bus.health()).toMatchObject({ state: 'down', received: 0, transmitted: 0, overflowed: 0 });
      expect(rig.bus.health().detail).toBeTruthy();
    });

    it('delivers frames in order and bit for bit, with times that do not go back', async () => {
      await openWith(mixed);
      await arrived(mixed.length);
      expect(frames).toEqual(mixed);
      expect(times).toEqual([...times].sort((a, b) => a - b));
    });

    it('delivers many frames in few blocks, and counts them', async () => {
      await openWith(many);
      await arrived(many.length);
      expect(frames).toEqual(many);
      expect(blocks).toBeLessThan(many.length / 10);
      expect(rig.bus.health()).toMatchObject({ received: many.length, overflowed: 0 });
    });

    it('sends nothing', async () => {
      await openWith(mixed);
      await arrived(mixed.length);
      expect(rig.bus.health().transmitted).toBe(0);
    });

    it('delivers nothing once it is closed, and can be closed again', async () => {
      await openWith(mixed);
      await arrived(1);
      await rig.bus.close();
      const before = frames.length;
      await rig.put(mixed).catch(() => {});
      await new Promise(setImmediate);
      expect(frames).toHaveLength(before);
      await rig.bus.close();
    });

    it.runIf(traits.isRecording)('ends once it has delivered all, and says so', async () => {
      await openWith(mixed);
      await rig.bus.ended;
      expect(frames).toEqual(mixed);
      expect(rig.bus.health().state).toBe('down');
      expect(rig.bus.health().detail).toBeTruthy();
    });

    it.skipIf(traits.isRecording)('is up without a word of excuse while frames can come', async () => {
      await openWith(mixed);
      await arrived(mixed.length);
      expect(rig.bus.health().state).toBe('up');
      expect(rig.bus.health().detail).toBeUndefined();
      expect(rig.bus.timeBase).toBe('boot');
    });

    it.skipIf(traits.isRecording)('goes down and says why when its source goes, and comes back by itself', async () => {
      await openWith(mixed);
      await arrived(mixed.length);
      await rig.source!.lose();
      await vi.waitFor(() => expect(rig.bus.health()).toMatchObject({ state: 'down', detail: expect.any(String) }));
      await rig.source!.restore();
      await vi.waitFor(() => expect(rig.bus.health().state).toBe('up'), { timeout: 10_000 });
      await rig.put(many);
      await arrived(mixed.length + many.length);
      expect(frames.slice(mixed.length)).toEqual(many);
    });

    it.skipIf(traits.isRecording)('may be opened before its source is there', async () => {
      rig = await make([]);
      await rig.source!.lose();
      await rig.bus.open((block) => {
        for (let i = 0; i < block.count; i++) frames.push(frameAt(block, i));
      });
      expect(rig.bus.health()).toMatchObject({ state: 'down', detail: expect.any(String) });
      await rig.source!.restore();
      await vi.waitFor(() => expect(rig.bus.health().state).toBe('up'), { timeout: 10_000 });
      await rig.put(mixed);
      await arrived(mixed.length);
      expect(frames).toEqual(mixed);
    });

    it('can be closed without having been opened', async () => {
      rig = await make(mixed);
      await rig.bus.close();
    });
  });
}
