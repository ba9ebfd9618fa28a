/**
 * Owns the load on an HTTP server: calls from some connections, each sending its next when it has its answer.
 */
import { Agent, request } from 'node:http';
import type { CallResult, Calls } from './feeder-client.js';
import { percentile } from './statistics.js';

export async function call({ url, target, bodies, concurrency, milliseconds }: Calls): Promise<CallResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const latencies: number[] = [];
  let failures = 0;
  let bytes = 0;
  let next = 0;
  const one = (body: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const headers = {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': target,
        'content-length': Buffer.byteLength(body),
      };
      const outgoing = request(url, { method: 'POST', agent, headers }, (incoming) => {
        if (incoming.statusCode !== 200) failures += 1;
        incoming.on('data', (chunk: Buffer) => (bytes += chunk.length));
        incoming.on('end', resolve);
        incoming.on('error', reject);
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  const begun = performance.now();
  const caller = async (): Promise<void> => {
    while (performance.now() - begun < milliseconds) {
      const body = bodies[next % bodies.length] ?? '';
      next += 1;
      const sent = performance.now();
      await one(body);
      latencies.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, caller));
  const elapsed = performance.now() - begun;
  agent.destroy();
  return {
    calls: latencies.length,
    failures,
    bytesPerAnswer: bytes / Math.max(1, latencies.length),
    milliseconds: elapsed,
    latency: { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) },
  };
}
