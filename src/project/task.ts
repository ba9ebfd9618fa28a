/**
 * Owns how a task looks in the ECS API: what an actor knows → the `Task` shape of DescribeTasks. Pure.
 *
 * Times are epoch seconds with milliseconds as the fraction; what is absent is left out, as ECS does.
 */
import type { ContainerDefinition, ContainerRecord, LastStatus, TaskContext } from '../../machines/task/task.types.js';
import { containerArn, parseArn, stableNetworkInterfaceId, stableUuid } from '../observe/arn.js';
import { present, secondsIf } from './json.js';
import type { EcsJson, EcsObject } from './json.js';

/** The `Task` of DescribeTasks. `tags` are shown when the caller asked for them (`include: ["TAGS"]`). */
export function projectTask(
  context: TaskContext,
  lastStatus: LastStatus,
  include: { readonly tags: boolean },
): EcsObject {
  const { identity, times } = context;
  return present({
    attachments: projectAttachments(context),
    attributes: [
      { name: 'kecs.dev/pod-name', value: identity.podName },
      { name: 'kecs.dev/pod-namespace', value: identity.namespace },
    ],
    clusterArn: identity.clusterArn,
    connectivity: context.connectivity?.status,
    connectivityAt: secondsIf(context.connectivity?.at),
    containers: identity.containers.map((definition, index) =>
      projectContainer(context, definition, context.containers[index]),
    ),
    cpu: identity.cpu,
    createdAt: secondsIf(identity.createdAt),
    desiredStatus: context.desiredStatus,
    enableExecuteCommand: false,
    executionStoppedAt: secondsIf(times.executionStoppedAt),
    group: identity.group,
    healthStatus: context.healthStatus,
    lastStatus,
    launchType: identity.launchType,
    memory: identity.memory,
    overrides: {
      containerOverrides: identity.containers.map((definition) => ({ name: definition.name })),
      inferenceAcceleratorOverrides: [],
    },
    pullStartedAt: secondsIf(times.pullStartedAt),
    pullStoppedAt: secondsIf(times.pullStoppedAt),
    startedAt: secondsIf(times.startedAt),
    startedBy: identity.startedBy,
    stopCode: context.stop?.stopCode,
    stoppedAt: secondsIf(times.stoppedAt),
    stoppedReason: context.stop?.stoppedReason,
    stoppingAt: secondsIf(times.stoppingAt),
    tags: include.tags ? identity.tags.map(({ key, value }) => ({ key, value })) : [],
    taskArn: identity.taskArn,
    taskDefinitionArn: identity.taskDefinitionArn,
    version: context.version,
  });
}

const attachmentIdOf = (podUid: string): string => stableUuid('attachment', podUid);

function projectContainer(
  context: TaskContext,
  definition: ContainerDefinition,
  record: ContainerRecord | undefined,
): EcsObject {
  const { identity, network } = context;
  const where = parseArn(identity.taskArn) ?? { region: '', accountId: '' };
  const addresses: EcsJson[] = [];
  if (network.podIp !== undefined) {
    const attachmentId = network.attachment === undefined ? undefined : attachmentIdOf(identity.podUid);
    addresses.push(present({ attachmentId, privateIpv4Address: network.podIp }));
  }
  return present({
    containerArn: containerArn(
      where,
      identity.clusterName,
      identity.taskId,
      stableUuid('container', identity.podUid, definition.name),
    ),
    cpu: definition.cpu,
    exitCode: record?.exitCode,
    healthStatus: record?.healthStatus ?? 'UNKNOWN',
    image: definition.image,
    imageDigest: record?.imageDigest,
    lastStatus: record?.lastStatus ?? 'PENDING',
    memory: definition.memory,
    memoryReservation: definition.memoryReservation,
    name: definition.name,
    networkBindings: [],
    networkInterfaces: addresses,
    reason: record?.reason,
    runtimeId: record?.runtimeId,
    taskArn: identity.taskArn,
  });
}

/** The network interface of an awsvpc task: its status, and the details that clients look for. */
function projectAttachments({ identity, network }: TaskContext): readonly EcsObject[] {
  if (network.attachment === undefined) return [];
  const details: EcsObject[] = [];
  if (identity.subnetId !== undefined) details.push({ name: 'subnetId', value: identity.subnetId });
  if (network.podIp !== undefined) {
    details.push({ name: 'networkInterfaceId', value: stableNetworkInterfaceId(identity.podUid) });
    details.push({ name: 'privateIPv4Address', value: network.podIp });
  }
  return [
    { id: attachmentIdOf(identity.podUid), type: 'ElasticNetworkInterface', status: network.attachment, details },
  ];
}
