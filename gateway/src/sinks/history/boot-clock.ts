import type { BatchHead, ClockStamp, DecodedBatch } from '@iot/batch';

/** What a unit said later of the clock of one of its boots: Unix time is boot time plus the offset. */
export interface BootClock {
  readonly unit: string;
  readonly boot: Uint8Array;
  readonly offsetUs: number;
  readonly source: ClockStamp['source'];
  readonly uncertaintyUs: number;
  /** Of the batch that said it. Of what is equally certain, what was said last holds. */
  readonly seq: number;
}

const SAYS_CLOCK = new Set(['clock-set', 'clock-stepped']);
const BOOT = /^[0-9a-f]{32}$/;
const SOURCES = ['gnss', 'ntp', 'rtc'] as const;

/** The clocks that a batch's events tell, in their order. What is not whole tells nothing: a history takes any batch. */
export function clocksToldIn({ head, events }: DecodedBatch): BootClock[] {
  return events.flatMap(({ name, attributes }): BootClock[] => {
    const { boot, offsetUs, uncertaintyUs } = attributes;
    const source = SOURCES.find((known) => known === attributes.source);
    const isWhole = SAYS_CLOCK.has(name) && source && typeof boot === 'string' && BOOT.test(boot);
    if (!isWhole || !isTime(offsetUs) || !isTime(uncertaintyUs) || uncertaintyUs < 0) return [];
    return [
      {
        unit: head.unit,
        boot: Uint8Array.from(Buffer.from(boot, 'hex')),
        offsetUs: Math.round(offsetUs),
        source,
        uncertaintyUs: Math.round(uncertaintyUs),
        seq: head.seq,
      },
    ];
  });
}

/** Puts a batch of boot time on Unix time. Its times are moved in place: it belongs to the caller. */
export function retime(
  batch: DecodedBatch,
  clock: Pick<BootClock, 'offsetUs' | 'source' | 'uncertaintyUs'>,
): DecodedBatch {
  const { offsetUs, source, uncertaintyUs } = clock;
  for (const rows of batch.tables) for (let row = 0; row < rows.count; row++) rows.times[row] += offsetUs;
  const head: BatchHead = { ...batch.head, t0Us: batch.head.t0Us + offsetUs, clock: { source, uncertaintyUs } };
  return { ...batch, head, events: batch.events.map((event) => ({ ...event, timeUs: event.timeUs + offsetUs })) };
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(Math.round(value));
}
