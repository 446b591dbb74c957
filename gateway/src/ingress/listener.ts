import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { Logger } from '@iot/host';
import { listenError } from '../listen-error.ts';
import type { Identity } from './connect.ts';
import type { IngressLimits } from './limits.ts';
import type { IngressMetrics } from './metrics.ts';
import { expiredSince, explainTlsFailure, identityOf, type TlsFiles, tlsOptions } from './tls.ts';

/** Where to listen. */
export interface MqttListener {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Undefined: plain TCP, where anybody may say to be any unit. */
  readonly tls?: TlsFiles;
  /** Allows plain TCP beyond this machine. */
  readonly insecure: boolean;
}

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/;
const TCP = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 };

/** Throws where a listener would let units in that nobody has authenticated. */
export function checkListener({ host, port, tls, insecure }: MqttListener): void {
  if (tls || insecure || LOOPBACK.test(host)) return;
  throw new Error(
    `plain MQTT on ${host}:${port} would let anyone publish as any unit: give this listener tls (ca, certificate, key), ` +
      'listen on 127.0.0.1, or set insecure: true where the network itself is trusted',
  );
}

export interface ListenerContext {
  readonly limits: IngressLimits;
  readonly metrics: IngressMetrics;
  readonly log: Logger;
  /** Unix ms. */
  readonly nowMs: () => number;
  readonly connected: (socket: Socket, identity: Identity) => void;
}

/** Opens one listener. Rejects with what a person can do about it. */
export async function openListener(listener: MqttListener, context: ListenerContext): Promise<Server> {
  const server = listener.tls ? tlsServer(listener.tls, context) : plainServer(context);
  server.maxConnections = context.limits.connections;
  server.on('drop', () => context.metrics.refused('connection-limit'));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(listener, error)));
    server.listen({ host: listener.host, port: listener.port, backlog: 4096 }, resolve);
  });
  server.removeAllListeners('error');
  server.on('error', (error) => context.log.error(error, `the listener on ${addressOf(server, listener)} failed`));
  return server;
}

/** `mqtts://127.0.0.1:8883`, with the port that was really opened. */
export function addressOf(server: Server, listener: MqttListener): string {
  const { port } = server.address() as AddressInfo;
  const host = listener.host.includes(':') ? `[${listener.host}]` : listener.host;
  return `${listener.tls ? 'mqtts' : 'mqtt'}://${host}:${port}`;
}

function plainServer({ connected }: ListenerContext): Server {
  return createServer(TCP, (socket) => connected(socket, { kind: 'none' }));
}

function tlsServer(files: TlsFiles, { limits, metrics, log, nowMs, connected }: ListenerContext): Server {
  let server: Server;
  try {
    server = createTlsServer({ ...tlsOptions(files, limits.handshakeMs), ...TCP }, (socket) => {
      if (socket.isSessionReused() && expiredSince(socket, nowMs())) {
        refuse(socket, { code: 'CERT_HAS_EXPIRED', name: 'Error', message: 'expired' });
        socket.destroy();
      } else connected(socket, identityOf(socket));
    });
  } catch (error) {
    throw new Error(`the TLS files cannot be used: ${(error as Error).message}; check ca, certificate and key`, {
      cause: error,
    });
  }
  const refuse = (socket: TLSSocket, error: Error & { code?: string }): void => {
    // The types say Error; at run time it is OpenSSL's code, or null.
    const { authorizationError } = socket as unknown as { authorizationError: string | null };
    const { reason, detail } = explainTlsFailure(error, authorizationError ?? undefined);
    metrics.refused(reason);
    log.warn({ remote: socket.remoteAddress, reason, detail }, 'TLS handshake refused');
  };
  server.on('tlsClientError', (error, socket) => refuse(socket, error));
  return server;
}
