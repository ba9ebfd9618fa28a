/**
 * Owns the reading of Kubernetes API paths: which resource a request is about, in the terms of RBAC.
 */

/** What a path of the Kubernetes API names. */
export interface ResourcePath {
  /** `""` is the core group. */
  readonly apiGroup: string;
  readonly version: string;
  /** The plural resource, with its subresource where there is one: `pods`, `pods/log`. */
  readonly resource: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** Reads `/api/v1/…` and `/apis/<group>/<version>/…`; undefined for any other path (`/version`, `/readyz`, …). */
export function parseResourcePath(path: string): ResourcePath | undefined {
  const parts = path.split('/').filter((part) => part !== '');
  const root = parts.shift();
  if (root !== 'api' && root !== 'apis') return undefined;
  const apiGroup = root === 'api' ? '' : parts.shift();
  const version = parts.shift();
  // Three parts and more after `namespaces` are something within one; fewer are the namespaces themselves.
  const namespace = parts[0] === 'namespaces' && parts.length >= 3 ? parts.splice(0, 2)[1] : undefined;
  const [resource, name, subresource] = parts;
  if (apiGroup === undefined || version === undefined || resource === undefined) return undefined;
  return {
    apiGroup,
    version,
    resource: subresource === undefined ? resource : `${resource}/${subresource}`,
    ...(namespace !== undefined && { namespace: decodeURIComponent(namespace) }),
    ...(name !== undefined && { name: decodeURIComponent(name) }),
  };
}

/** The verb that RBAC knows a request by. */
export function rbacVerb(method: string, resource: ResourcePath, watch: boolean): string {
  switch (method) {
    case 'GET':
      return resource.name !== undefined ? 'get' : watch ? 'watch' : 'list';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return resource.name !== undefined ? 'delete' : 'deletecollection';
    default:
      return method.toLowerCase();
  }
}

/** `pods in the namespace default`, `pods in all namespaces`, `the pod-like thing x of …`: for sentences. */
export function describeResource(resource: ResourcePath): string {
  const what = resource.name === undefined ? resource.resource : `${resource.resource} "${resource.name}"`;
  return resource.namespace === undefined
    ? `${what} in all namespaces`
    : `${what} in the namespace "${resource.namespace}"`;
}
