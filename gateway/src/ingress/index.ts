export type { IngressLimits } from './limits.ts';
export type { MqttListener } from './listener.ts';
export type { IngressMetrics } from './metrics.ts';
export { MqttIngress, type MqttIngressOptions } from './mqtt-ingress.ts';
export type { TlsFiles } from './tls.ts';
