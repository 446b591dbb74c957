import { type OptionSpec, type OptionValues, textOf } from '@iot/host';
import { loadConfig } from '@iot/host/config';
import { type GatewayConfig, gatewayConfig } from '../config.ts';

export const configOption: OptionSpec = {
  type: 'string',
  short: 'c',
  value: 'FILE',
  default: '/etc/odograph/gateway.yaml',
  help: 'config file',
};

export function readConfig(values: OptionValues): { readonly file: string; readonly config: GatewayConfig } {
  const file = textOf(values, 'config')!;
  return { file, config: loadConfig(file, gatewayConfig) };
}
