import { cutWindows, decodeRecording, expectedReadings, type InputName, recordingsPresent } from './recordings.ts';
import { measureBombs } from './size-bombs.ts';
import { measureOurs, UNIT } from './size-ours.ts';
import { measurePeers, pythonPresent } from './size-peers.ts';

/**
 * npm run bench:size [-- --json]: bytes per reading of the recordings, ours and others', on the same readings in the same
 * batches; what MQTT and TLS add; CPU of encoding and decoding; and what hostile batches cost.
 */

/** Bytes per reading that we set out to stay within. */
const TARGETS: Record<string, number> = { 'car 10': 0.45, 'truck 10': 0.85, 'cab 10': 1.1, 'cab 1': 4.5 };

/** MQTT 5 PUBLISH at QoS 1: type, remaining length, topic with its length, packet id, no properties. */
function mqttBytes(payload: number): number {
  const rest = 2 + `odograph/1/${UNIT}/batch`.length + 2 + 1 + payload;
  return 1 + (rest < 0x80 ? 1 : rest < 0x4000 ? 2 : 3) + rest - payload;
}

/** TLS 1.3 record: header, content type, tag. */
const TLS_BYTES = 5 + 1 + 16;

function measure(name: InputName, seconds: number) {
  const tables = decodeRecording(name);
  const windows = cutWindows(tables, seconds);
  const ours = measureOurs(tables, windows);
  const peers = measurePeers(windows);
  if (ours.readings !== expectedReadings(name)) throw new Error(`${name}: ${ours.readings} readings, not as expected`);
  const each = (bytes: number | undefined) => (bytes === undefined ? undefined : bytes / ours.readings);
  const batchBytes = ours.uplinkBytes / ours.batches;
  return {
    input: name,
    seconds,
    batches: ours.batches,
    readingsPerBatch: ours.readings / ours.batches,
    target: TARGETS[`${name} ${seconds}`],
    bytesPerReading: {
      uplink: ours.uplinkBytes / ours.readings,
      kafka: ours.kafkaBytes / ours.readings,
      jsonGzip: peers.jsonGzip / ours.readings,
      gorilla: peers.gorilla / ours.readings,
      fleetwiseSnappy: each(peers.fleetwiseSnappy),
      parquetZstd: each(peers.parquetZstd),
    },
    bytesPerBatch: { uplink: batchBytes, mqtt: mqttBytes(batchBytes), tls: TLS_BYTES, schemaOnce: ours.schemaBytes },
    nsPerReading: { encode: ours.encodeNs, decode: ours.decodeNs },
  };
}

type Result = ReturnType<typeof measure>;

function print(results: readonly Result[], bombs: ReturnType<typeof measureBombs>): void {
  const figure = (value: number | undefined, digits = 2): string => (value === undefined ? '-' : value.toFixed(digits));
  console.log(
    'Bytes per reading. Kafka: self-contained, 100 batches or 1 MB in a zstd frame. Peers: one message or file a batch.',
  );
  console.table(
    Object.fromEntries(
      results.map(({ input, seconds, target, bytesPerReading: b, nsPerReading }) => [
        `${input} ${seconds} s`,
        {
          'ours uplink': figure(b.uplink, 3),
          target: figure(target),
          'ours in Kafka': figure(b.kafka),
          'JSON+gzip': figure(b.jsonGzip),
          Gorilla: figure(b.gorilla),
          'FleetWise+Snappy': figure(b.fleetwiseSnappy),
          'Parquet+zstd': figure(b.parquetZstd),
          'encode ns': figure(nsPerReading.encode, 0),
          'decode ns': figure(nsPerReading.decode, 0),
        },
      ]),
    ),
  );
  console.log('Bytes per batch, and what carries it (MQTT 5 PUBLISH QoS 1, TLS 1.3 record); the schema goes once.');
  console.table(
    Object.fromEntries(
      results.map(({ input, seconds, batches, readingsPerBatch, bytesPerBatch: b }) => [
        `${input} ${seconds} s`,
        {
          batches,
          readings: figure(readingsPerBatch, 0),
          batch: figure(b.uplink, 0),
          mqtt: b.mqtt,
          tls: b.tls,
          schema: b.schemaOnce,
        },
      ]),
    ),
  );
  console.log('Hostile batches: until refused.');
  console.table(Object.fromEntries(bombs.map(({ name, ms, code }) => [name, { ms: figure(ms, 3), code }])));
  if (!pythonPresent)
    console.log('FleetWise+Snappy and Parquet need Python libraries: node scripts/peers.mjs installs them.');
}

if (!recordingsPresent) {
  console.error('bench:size reads ../shared/recordings, which is not there.');
  process.exit(1);
}
const inputs: readonly InputName[] = ['car', 'truck', 'cab'];
const results = inputs.flatMap((name) => [10, 1].map((seconds) => measure(name, seconds)));
const bombs = measureBombs();
if (process.argv.includes('--json')) console.log(JSON.stringify({ bench: 'size', results, bombs }));
else print(results, bombs);
