export * from './config.ts';
export * from './console/index.ts';
export { type Gateway, type GatewayOptions, startGateway } from './gateway.ts';
export * from './ingress/index.ts';
export { type EpochView, epochView } from './ledger/view.ts';
export * from './ports.ts';
export { HistorySink, type HistorySinkOptions } from './sinks/history/history.ts';
export { KafkaSink, type KafkaSinkOptions } from './sinks/kafka.ts';
