/** Why nothing can listen on `host:port`, and what to do about it. Code `gateway/listen`. */
export function listenError({ host, port }: { host: string; port: number }, cause: NodeJS.ErrnoException): Error {
  const message = `cannot listen on ${host}:${port}: ${explain(cause)}`;
  return Object.assign(new Error(message, { cause }), { code: 'gateway/listen' });
}

function explain({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'EADDRINUSE':
      return 'the port is in use; stop the program that has it (`ss -ltnp` names it) or choose another port';
    case 'EACCES':
      return 'not permitted; choose a port above 1023 or give the service CAP_NET_BIND_SERVICE';
    case 'EADDRNOTAVAIL':
      return 'this machine has no such address; use one of its own, or 0.0.0.0 for all';
    default:
      return message;
  }
}
