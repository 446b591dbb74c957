import { readFileSync } from 'node:fs';

/** ARPHRD_CAN of linux/if_arp.h and IFF_UP of linux/if.h. */
const TYPE_CAN = 280;
const FLAG_UP = 1;

export type InterfaceState = 'missing' | 'not-can' | 'down' | 'up';

/** What the kernel says of a network interface. */
export function readInterface(name: string): InterfaceState {
  try {
    const read = (key: string): number => Number(readFileSync(`/sys/class/net/${name}/${key}`, 'utf8'));
    if (read('type') !== TYPE_CAN) return 'not-can';
    return (read('flags') & FLAG_UP) === 0 ? 'down' : 'up';
  } catch {
    return 'missing';
  }
}

/** What a person can do about an interface in this state; undefined where nothing is wrong with it. */
export function explainInterface(name: string, state: InterfaceState): string | undefined {
  const isVirtual = name.startsWith('vcan');
  switch (state) {
    case 'missing':
      return isVirtual
        ? `there is no interface ${name}: \`ip link add ${name} type vcan && ip link set ${name} up\`; trying again`
        : `there is no interface ${name}: is the adapter plugged in, and its driver loaded? \`ip -details link show type can\` lists those there are; trying again`;
    case 'not-can':
      return `${name} is no CAN interface: \`ip -details link show type can\` lists those there are; trying again`;
    case 'down':
      return isVirtual
        ? `${name} is down: \`ip link set ${name} up\`; waiting for it`
        : `${name} is down: \`ip link set ${name} up type can bitrate 500000 listen-only on\`, with the bus's own bitrate; waiting for it`;
    case 'up':
      return undefined;
  }
}

/** Why the binding could not be loaded, and how to have it. */
export function explainBinding(error: Error & { code?: string }): string {
  const isMissing = error.code === 'ERR_MODULE_NOT_FOUND' || error.code === 'MODULE_NOT_FOUND';
  const why = isMissing ? 'is not installed' : `cannot be loaded: ${error.message.split('\n')[0]}`;
  return `the package socketcan ${why}; it is compiled when it is installed: \`apt-get install g++ make python3\`, then \`npm install socketcan\` under this version of Node; trying again`;
}
