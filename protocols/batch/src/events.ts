import { ATTRIBUTES_MAX, EVENTS_MAX, NAME_BYTES_MAX, TICK_US } from './limits.ts';
import type { CborReader } from './read.ts';
import type { BatchEvent } from './types.ts';
import type { CborWriter } from './write.ts';

/** `[* [ticks, name, {* name: text / number / boolean / null}]]`. */
export function writeEvents(writer: CborWriter, events: readonly BatchEvent[], t0Us: number): void {
  if (events.length > EVENTS_MAX) throw new RangeError(`${events.length} events, at most ${EVENTS_MAX} fit a batch`);
  writer.array(events.length);
  for (const event of events) {
    writer.array(3);
    writer.int(Math.round((event.timeUs - t0Us) / TICK_US));
    writer.text(event.name);
    const attributes = Object.entries(event.attributes);
    if (attributes.length > ATTRIBUTES_MAX)
      throw new RangeError(
        `event ${event.name} has ${attributes.length} attributes, at most ${ATTRIBUTES_MAX} are read`,
      );
    writer.map(attributes.length);
    for (const [name, value] of attributes) {
      writer.text(name);
      if (value === null) writer.null();
      else if (typeof value === 'string') writer.text(value);
      else if (typeof value === 'boolean') writer.boolean(value);
      else writer.number(value);
    }
  }
}

export function readEvents(reader: CborReader, t0Us: number): BatchEvent[] {
  const events: BatchEvent[] = [];
  for (let left = reader.array('events', EVENTS_MAX); left > 0; left--) {
    reader.array('event', 3, 3);
    const timeUs = t0Us + reader.int('event time') * TICK_US;
    const name = reader.text('event name', NAME_BYTES_MAX);
    const attributes: [string, string | number | boolean | null][] = [];
    for (let pairs = reader.map('attributes', ATTRIBUTES_MAX); pairs > 0; pairs--)
      attributes.push([reader.text('attribute', NAME_BYTES_MAX), reader.scalar('attribute value')]);
    // fromEntries defines own properties: a hostile `__proto__` stays a name.
    events.push({ timeUs, name, attributes: Object.fromEntries(attributes) });
  }
  return events;
}
