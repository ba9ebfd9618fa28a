/** Owns images: their full names and digests, and what a registry and a kubelet say when one cannot be had. */
import { createHash } from 'node:crypto';

/** The name as the container runtime has it: `docker.io/library/busybox:1.35`. */
export function fullName(image: string): string {
  const slash = image.indexOf('/');
  const host = slash < 0 ? '' : image.slice(0, slash);
  const hasHost = host === 'localhost' || /[.:]/.test(host);
  const path = hasHost ? image : `docker.io/${slash < 0 ? 'library/' : ''}${image}`;
  return /[:@][^/]*$/.test(path) ? path : `${path}:latest`;
}

/** A digest that is always the same for a name: `docker.io/library/busybox@sha256:…`. */
export function imageId(image: string): string {
  const name = fullName(image);
  const digest = createHash('sha256').update(name).digest('hex');
  return `${name.replace(/[:@][^/]*$/, '')}@sha256:${digest}`;
}

/** What the runtime answers to a pull that fails. */
export function pullFailure(image: string, why: 'missing' | 'denied'): string {
  const name = fullName(image);
  const code = why === 'missing' ? 'NotFound' : 'Unknown';
  const cause =
    why === 'missing'
      ? `${name}: not found`
      : `pulling from host registry-1.docker.io failed with status code [manifests ${/:([^:/]+)$/.exec(name)?.[1] ?? 'latest'}]: 401 Unauthorized`;
  return `rpc error: code = ${code} desc = failed to pull and unpack image "${name}": failed to resolve reference "${name}": ${cause}`;
}

/** What the kubelet says of a name that it cannot read. */
export function invalidNameMessage(image: string): string {
  const why = /[A-Z]/.test(image) ? ': repository name must be lowercase' : '';
  return `Failed to apply default image tag "${image}": couldn't parse image reference "${image}": invalid reference format${why}`;
}
