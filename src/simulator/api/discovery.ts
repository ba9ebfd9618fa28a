/** Owns the documents by which clients find out what is served: API groups, resources, version, and a minimal OpenAPI. */
import type { Resource, Subresource } from '../resources.js';
import { apiVersionOf, RESOURCES } from '../resources.js';

/** The Kubernetes whose behaviour is simulated. */
export const KUBERNETES_VERSION = 'v1.20.2';

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const STATUS_VERBS = ['get', 'patch', 'update'];

/** What a discovery path answers; nothing when it is none. Text is sent as it is, anything else as JSON. */
export function discover(path: string, host: string): unknown {
  switch (path) {
    case '/api':
      return {
        kind: 'APIVersions',
        versions: ['v1'],
        serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: host }],
      };
    case '/apis':
      return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups().map((group) => groupDocument(group)) };
    case '/version':
      return {
        major: '1',
        minor: '20',
        gitVersion: `${KUBERNETES_VERSION}+simulator`,
        gitCommit: '',
        gitTreeState: 'clean',
        buildDate: '2021-01-13T13:20:00Z',
        goVersion: '',
        compiler: '',
        platform: 'linux/amd64',
      };
    case '/healthz':
    case '/livez':
    case '/readyz':
      return 'ok';
    // A protocol buffer of no bytes is an OpenAPI document that describes nothing: kubectl then validates nothing.
    case '/openapi/v2':
      return '';
    case '/openapi/v3':
      return {
        paths: Object.fromEntries(
          prefixes().map((prefix) => [prefix, { serverRelativeURL: `/openapi/v3/${prefix}?hash=simulator` }]),
        ),
      };
    default:
      return discoverGroup(path);
  }
}

function discoverGroup(path: string): unknown {
  const openapi = /^\/openapi\/v3\/(.+)$/.exec(path)?.[1];
  if (openapi !== undefined) return prefixes().includes(openapi) ? openapiDocument(openapi) : undefined;
  const group = groups().find((candidate) => path === `/apis/${candidate.group}`);
  if (group !== undefined) return { apiVersion: 'v1', ...groupDocument(group) };
  const served = RESOURCES.filter((resource) => path === `/${prefixOf(resource)}`);
  const first = served[0];
  if (first === undefined) return undefined;
  return {
    kind: 'APIResourceList',
    ...(first.group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion: apiVersionOf(first),
    resources: served.flatMap((resource) => [
      resourceDocument(resource),
      ...resource.subresources.map((subresource) => subresourceDocument(resource, subresource)),
    ]),
  };
}

function groups(): Pick<Resource, 'group' | 'version'>[] {
  const seen = new Map<string, Resource>();
  for (const resource of RESOURCES) if (resource.group !== '') seen.set(resource.group, resource);
  return [...seen.values()];
}

function groupDocument({ group, version }: Pick<Resource, 'group' | 'version'>): object {
  const entry = { groupVersion: `${group}/${version}`, version };
  return { kind: 'APIGroup', name: group, versions: [entry], preferredVersion: entry };
}

function resourceDocument(resource: Resource): object {
  return {
    name: resource.plural,
    singularName: resource.singular,
    namespaced: resource.namespaced,
    kind: resource.kind,
    verbs: VERBS,
    ...(resource.shortNames.length === 0 ? {} : { shortNames: resource.shortNames }),
    ...(resource.categories.length === 0 ? {} : { categories: resource.categories }),
  };
}

function subresourceDocument(resource: Resource, subresource: Subresource): object {
  const common = { name: `${resource.plural}/${subresource}`, singularName: '', namespaced: resource.namespaced };
  switch (subresource) {
    case 'scale':
      return { ...common, group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: STATUS_VERBS };
    case 'eviction':
      return { ...common, group: 'policy', version: 'v1', kind: 'Eviction', verbs: ['create'] };
    case 'finalize':
      return { ...common, kind: resource.kind, verbs: ['update'] };
    case 'status':
      return { ...common, kind: resource.kind, verbs: STATUS_VERBS };
  }
}

function prefixOf(resource: Resource): string {
  return resource.group === '' ? `api/${resource.version}` : `apis/${resource.group}/${resource.version}`;
}

function prefixes(): string[] {
  return [...new Set(RESOURCES.map(prefixOf))];
}

/** Just enough of OpenAPI for kubectl to see that each kind can be patched and that the server checks fields itself. */
function openapiDocument(prefix: string): object {
  const parameter = (name: string): object => ({ name, in: 'query', schema: { type: 'string', uniqueItems: true } });
  const patch = (resource: Resource): object => ({
    parameters: ['dryRun', 'fieldManager', 'fieldValidation', 'force'].map(parameter),
    responses: { '200': { description: 'OK' } },
    'x-kubernetes-action': 'patch',
    'x-kubernetes-group-version-kind': { group: resource.group, version: resource.version, kind: resource.kind },
  });
  const path = (resource: Resource): string =>
    `/${prefix}${resource.namespaced ? '/namespaces/{namespace}' : ''}/${resource.plural}/{name}`;
  const served = RESOURCES.filter((resource) => prefixOf(resource) === prefix);
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: KUBERNETES_VERSION },
    paths: Object.fromEntries(served.map((resource) => [path(resource), { patch: patch(resource) }])),
    components: { schemas: {} },
  };
}
