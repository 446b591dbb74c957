import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { IngressMetrics } from './ingress/index.ts';
import type { SpoolStatus } from './spool/api.ts';
import type { DataPlaneMetrics } from './spool/metrics.ts';

/** What /metrics serves, and the counters that the parts add to. */
export interface GatewayMetrics {
  readonly ingress: IngressMetrics;
  readonly dataPlane: DataPlaneMetrics;
  /** Prometheus text; `status` is read at each scrape. */
  text(status: SpoolStatus, nowMs: number): Promise<string>;
  readonly contentType: string;
}

/** All names begin with `odograph_gateway_`; units are last, as Prometheus asks. */
export function createMetrics(): GatewayMetrics {
  const registry = new Registry();
  const counter = <L extends string>(name: string, help: string, ...labelNames: L[]): Counter<L> =>
    new Counter({ name: `odograph_gateway_${name}`, help, labelNames, registers: [registry] });
  const gauge = <L extends string>(name: string, help: string, ...labelNames: L[]): Gauge<L> =>
    new Gauge({ name: `odograph_gateway_${name}`, help, labelNames, registers: [registry] });

  const spool = spoolGauges(gauge);
  return {
    ingress: ingressMetrics(counter, gauge),
    dataPlane: dataPlaneMetrics(counter, gauge, registry),
    contentType: registry.contentType,
    async text(status, nowMs) {
      spool(status, nowMs);
      return registry.metrics();
    },
  };
}

type MakeCounter = <L extends string>(name: string, help: string, ...labelNames: L[]) => Counter<L>;
type MakeGauge = <L extends string>(name: string, help: string, ...labelNames: L[]) => Gauge<L>;

function ingressMetrics(counter: MakeCounter, gauge: MakeGauge): IngressMetrics {
  const packets = counter('packets_received_total', 'MQTT control packets received', 'type');
  const bytesIn = counter('received_bytes_total', 'Bytes received from units');
  const bytesOut = counter('sent_bytes_total', 'Bytes sent to units');
  const refused = counter('refusals_total', 'What was refused, by MQTT reason code or cause', 'reason');
  const pauses = counter(
    'read_pauses_total',
    'Times that all sockets were stopped because too many bytes were in flight',
  );
  const connections = gauge('connections', 'Connections now open');
  return {
    packetIn: (type) => packets.inc({ type }),
    bytesIn: (bytes) => bytesIn.inc(bytes),
    bytesOut: (bytes) => bytesOut.inc(bytes),
    refused: (reason) => refused.inc({ reason }),
    paused: () => pauses.inc(),
    connections: (open) => connections.set(open),
  };
}

function dataPlaneMetrics(counter: MakeCounter, gauge: MakeGauge, registry: Registry): DataPlaneMetrics {
  const verdicts = counter('verdicts_total', 'Messages by what they were told', 'message', 'verdict');
  const readings = counter('readings_total', 'Readings accepted');
  const writes = counter('commit_writes_total', 'Writes made durable by group commits');
  const bytes = counter('commit_bytes_total', 'Bytes made durable by group commits');
  const commitSeconds = new Histogram({
    name: 'odograph_gateway_commit_seconds',
    help: 'How long a group commit took',
    buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3],
    registers: [registry],
  });
  const queue = gauge('commit_queue_bytes', 'Bytes that wait for a group commit');
  const withheld = gauge('withheld_bytes', 'Bytes whose acknowledgement waits for Kafka');
  const delivered = counter('delivered_batches_total', 'Batches that a sink confirmed', 'sink');
  const deliveredBytes = counter('delivered_bytes_total', 'Bytes that a sink confirmed', 'sink');
  const failures = counter('delivery_failures_total', 'Groups that a sink did not take', 'sink');
  const under = gauge('delivery_bytes', 'Bytes that a sink is being given now', 'sink');
  const lost = counter('lost_entries_total', 'Spool entries that could not be read back and left the ledger');
  return {
    verdict: (message, verdict) => verdicts.inc({ message, verdict }),
    readings: (count) => readings.inc(count),
    committed(count, size, durationMs) {
      writes.inc(count);
      bytes.inc(size);
      commitSeconds.observe(durationMs / 1000);
    },
    commitQueueBytes: (size) => queue.set(size),
    withheldBytes: (size) => withheld.set(size),
    delivered(sink, entries, size) {
      delivered.inc({ sink }, entries);
      deliveredBytes.inc({ sink }, size);
    },
    deliveryFailed: (sink) => failures.inc({ sink }),
    deliveryBytes: (sink, size) => under.set({ sink }, size),
    lost: (entries) => lost.inc(entries),
  };
}

function spoolGauges(gauge: MakeGauge): (status: SpoolStatus, nowMs: number) => void {
  const entries = gauge('spool_entries', 'Accepted batches that not every sink has confirmed');
  const bytes = gauge('spool_bytes', 'Their bytes');
  const letters = gauge('dead_letters', 'Messages kept because they can never be accepted');
  const owed = gauge('undelivered_entries', 'Accepted batches that a sink has not confirmed', 'sink');
  const age = gauge('undelivered_age_seconds', 'Age of the oldest of them', 'sink');
  return (status, nowMs) => {
    entries.set(status.entries);
    bytes.set(status.bytes);
    letters.set(status.deadLetters);
    for (const { sink, entries: count, oldestMs } of status.sinks) {
      owed.set({ sink }, count);
      age.set({ sink }, oldestMs === undefined ? 0 : (nowMs - oldestMs) / 1000);
    }
  };
}
