import { setFlagsFromString } from 'node:v8';
import {
  isMainThread,
  parentPort,
  type ResourceLimits,
  type Transferable,
  Worker,
  workerData,
} from 'node:worker_threads';

/** The methods that a worker serves. Arguments and results are copied by structured clone. */
export type WorkerApi<Api> = { [Name in keyof Api]: (...args: never[]) => unknown };

/** A worker thread, seen from the thread that started it. */
export interface WorkerHandle<Api extends WorkerApi<Api>> {
  /** Runs a method in the worker. Rejects with what it threw (`code` kept), or with WorkerEndedError. */
  call<Name extends keyof Api & string>(
    method: Name,
    ...args: Parameters<Api[Name]>
  ): Promise<Awaited<ReturnType<Api[Name]>>>;
  /** Lets the calls under way end, then ends the thread. Later calls reject. */
  close(): Promise<void>;
  /** Resolves with the reason where the thread ends though nobody closed it. Pending for ever otherwise. Never rejects. */
  readonly failed: Promise<Error>;
}

/** The thread ended, by a crash or by `close`, before it answered. */
export class WorkerEndedError extends Error {
  override readonly name = 'WorkerEndedError';
  readonly code = 'host/worker-ended';
}

type Request =
  | { readonly id: number; readonly method: string; readonly args: readonly unknown[] }
  | { readonly close: true };
type Response =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: Error; readonly code: unknown };

const handedOver = new WeakMap<object, readonly Transferable[]>();

/**
 * Marks an argument or a result whose buffers move to the other thread instead of being copied: they are empty here
 * afterwards. Never hand over a small Buffer of Node's shared pool.
 */
export function handOver<T extends object>(value: T, buffers: readonly Transferable[]): T {
  handedOver.set(value, buffers);
  return value;
}

/** The module `name` next to the calling one: `.ts` where that is source, `.js` where it is dist. */
export function moduleBeside(importMetaUrl: string, name: string): URL {
  const extension = importMetaUrl.slice(importMetaUrl.lastIndexOf('.'));
  return new URL(`./${name}${extension}`, importMetaUrl);
}

/**
 * Starts a thread from a module that calls `serveWorker`. Give its URL by `moduleBeside(import.meta.url, 'name')`.
 * `limits.maxYoungGenerationSizeMb` of 4 instead of V8's 48 saves about 14 MB of resident memory where little garbage is made.
 */
export function startWorker<Api extends WorkerApi<Api>>(
  url: URL,
  data?: unknown,
  limits?: ResourceLimits,
): WorkerHandle<Api> {
  // Source runs with the condition that leads to source in the other packages too.
  const isSource = url.pathname.endsWith('.ts');
  // Threads that strip types share a WebAssembly module, and in Node 24 one that ends can take code from under the others.
  if (isSource) setFlagsFromString('--wasm-wrapper-tiering-budget=2147483647');
  const execArgv = isSource ? ['--conditions=source'] : [];
  const worker = new Worker(url, { workerData: data, execArgv, ...(limits && { resourceLimits: limits }) });
  const pending = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let lastId = 0;
  let ended: Error | undefined;
  let closing = false;
  const { promise: failed, resolve: fail } = Promise.withResolvers<Error>();

  const end = (reason: Error): void => {
    ended ??= reason;
    if (!closing) fail(ended);
    for (const { reject } of pending.values()) reject(ended);
    pending.clear();
  };
  worker.on('message', (response: Response) => {
    const call = pending.get(response.id);
    pending.delete(response.id);
    if ('error' in response) call?.reject(withCode(response.error, response.code));
    else call?.resolve(response.value);
  });
  worker.on('error', (cause: Error) => {
    end(new WorkerEndedError(`the worker ${nameOf(url)} crashed: ${cause.message}`, { cause }));
  });
  const exited = new Promise<void>((resolve) => {
    worker.on('exit', (status) => {
      end(new WorkerEndedError(`the worker ${nameOf(url)} ended with status ${status} before it answered`));
      resolve();
    });
  });

  return {
    call: (method, ...args) =>
      new Promise((resolve, reject) => {
        if (ended) {
          reject(ended);
          return;
        }
        const id = ++lastId;
        pending.set(id, { resolve: resolve as (value: unknown) => void, reject });
        worker.postMessage({ id, method, args } satisfies Request, transfersOf(args));
      }),
    failed,
    close: () => {
      closing = true;
      if (!ended) worker.postMessage({ close: true } satisfies Request);
      return exited;
    },
  };
}

/** Serves calls in a worker module. Methods may be asynchronous; calls start in the order in which they were made. */
export function serveWorker<Api extends WorkerApi<Api>>(handlers: Api): void {
  const port = parentPort;
  if (isMainThread || !port) throw new Error('serveWorker runs only in a thread that startWorker started');
  const underWay = new Set<Promise<void>>();
  const answer = async ({ id, method, args }: Extract<Request, { id: number }>): Promise<void> => {
    try {
      const value = await handlers[method as keyof Api](...(args as never[]));
      port.postMessage({ id, value } satisfies Response, transfersOf([value]));
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      port.postMessage({ id, error, code: (error as { code?: unknown }).code } satisfies Response);
    }
  };
  port.on('message', (request: Request) => {
    if ('close' in request) {
      void Promise.all(underWay).then(() => port.close());
      return;
    }
    const answering = answer(request).finally(() => underWay.delete(answering));
    underWay.add(answering);
  });
}

/** What `startWorker` was given as data. */
export function workerInput<T>(): T {
  return workerData as T;
}

/** Structured clone keeps an error's message and stack, and drops its code. */
function withCode(error: Error, code: unknown): Error {
  return code === undefined ? error : Object.assign(error, { code });
}

function transfersOf(values: readonly unknown[]): Transferable[] {
  return values.flatMap((value) => (typeof value === 'object' && value !== null ? (handedOver.get(value) ?? []) : []));
}

/** With its directory: many a worker's module is called `worker`. */
function nameOf(url: URL): string {
  return url.pathname.split('/').slice(-2).join('/');
}
