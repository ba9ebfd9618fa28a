/**
 * Which containers of a pod are ECS containers, and what their specification says.
 */
import { describe, expect, it } from 'vitest';
import { containerDefinitions, ecsContainerName, taskResources } from '../../src/observe/containers.js';
import type { Raw } from './raw-pods.js';

const PLAIN = { image: 'nginx:latest', essential: true, hasHealthCheck: false, restart: 'never', cpu: '0' } as const;
const containers = (spec: Raw, annotations: Raw = {}) =>
  containerDefinitions({ restartPolicy: 'Never', ...spec }, annotations);
const image = (name: string): Raw => ({ name, image: 'nginx:latest' });

describe('the ECS containers of a pod', () => {
  it('are its containers, in the order of the specification', () => {
    expect(containers({ containers: [image('web'), image('api')] })).toEqual([
      { name: 'web', podContainerName: 'web', ...PLAIN },
      { name: 'api', podContainerName: 'api', ...PLAIN },
    ]);
  });

  it('have their ECS names: KECS marks by the name what is not essential', () => {
    expect(containers({ containers: [image('log-nonessential')] })).toEqual([
      { name: 'log', podContainerName: 'log-nonessential', ...PLAIN, essential: false },
    ]);
    expect(ecsContainerName('nonessential')).toBe('nonessential');
  });

  it('include native sidecars, last, which the kubelet always restarts; plain init containers are KECS’s own', () => {
    const initContainers = [image('artifacts'), { ...image('proxy'), restartPolicy: 'Always' }];
    expect(containers({ containers: [image('web')], initContainers })).toEqual([
      { name: 'web', podContainerName: 'web', ...PLAIN },
      { name: 'proxy', podContainerName: 'proxy', ...PLAIN, restart: 'always' },
    ]);
  });

  it.each(['istio-proxy', 'linkerd-proxy', 'consul-dataplane', 'envoy-sidecar', 'kuma-sidecar', 'vault-agent'])(
    'leave out what is known to be injected: %s',
    (name) => {
      const names = containers({ containers: [image(name), image('web')] }).map((container) => container.name);
      expect(names).toEqual(['web']);
    },
  );

  it('leave out what Istio says it put in', () => {
    const status = JSON.stringify({ initContainers: ['setup'], containers: ['mesh', 7, null] });
    const spec = {
      containers: [image('web'), image('mesh')],
      initContainers: [{ ...image('setup'), restartPolicy: 'Always' }],
    };
    const names = (annotation: unknown) =>
      containers(spec, { 'sidecar.istio.io/status': annotation }).map((container) => container.name);
    expect(names(status)).toEqual(['web']);
    for (const broken of ['{', '[]', 'null', '{"containers": "mesh"}', 7, undefined]) {
      expect(names(broken)).toEqual(['web', 'mesh', 'setup']);
    }
  });

  it.each([
    ['Never', 'never'],
    ['OnFailure', 'onFailure'],
    ['Always', 'always'],
    [undefined, 'always'],
    ['Sometimes', 'always'],
  ])('are restarted by the policy of the pod: %j is %s', (restartPolicy, restart) => {
    expect(containers({ restartPolicy, containers: [image('web')] })).toMatchObject([{ restart }]);
  });

  it.each([
    [{ readinessProbe: {} }, true],
    [{ livenessProbe: {} }, true],
    [{ startupProbe: {} }, false],
    [{}, false],
  ])('have a health check with a readiness or liveness probe: %j', (probes, hasHealthCheck) => {
    expect(containers({ containers: [{ ...image('web'), ...probes }] })).toMatchObject([{ hasHealthCheck }]);
  });

  it.each([
    [{ limits: { cpu: '250m', memory: '512Mi' }, requests: { cpu: '100m', memory: '256Mi' } }, ['256', '512', '256']],
    [{ requests: { cpu: '500m', memory: '256Mi' } }, ['512', undefined, '256']],
    [{ limits: { memory: '1Gi' } }, ['0', '1024', undefined]],
    [{}, ['0', undefined, undefined]],
    [{ limits: { cpu: 'much', memory: 'more' } }, ['0', undefined, undefined]],
    ['none', ['0', undefined, undefined]],
  ])('print %j as cpu, memory, memoryReservation', (resources, printed) => {
    const [definition] = containers({ containers: [{ ...image('web'), resources }] });
    expect([definition?.cpu, definition?.memory, definition?.memoryReservation]).toEqual(printed);
  });

  it('pass over what is no container', () => {
    expect(containers({ containers: [null, 7, 'web', {}, { name: 7 }, { name: '' }, []] })).toEqual([]);
    expect(containers({ containers: { web: image('web') }, initContainers: 'none' })).toEqual([]);
  });
});

describe('the size of a task', () => {
  const limits = { cpu: '250m', memory: '512Mi' };
  it('is what its containers together ask for', () => {
    const web = { ...image('web'), resources: { limits } };
    const log = { ...image('log'), resources: { requests: { cpu: '250m', memory: '100Mi' } } };
    expect(taskResources({ containers: [web, log] }, {})).toEqual({ cpu: '512', memory: '612' });
  });
  it('is not that of injected ones', () => {
    const spec = {
      containers: [
        { ...image('web'), resources: { limits } },
        { ...image('istio-proxy'), resources: { limits } },
      ],
    };
    expect(taskResources(spec, {})).toEqual({ cpu: '256', memory: '512' });
  });
  it('is not known when none asks for any', () => {
    expect(taskResources({ containers: [image('web')] }, {})).toEqual({});
  });
});
