/** Owns the kubeconfig that leads clients to the simulator. */

/**
 * A kubeconfig for a server without encryption or credentials. It is JSON, which is YAML too.
 *
 * @param server the address, such as `http://127.0.0.1:40123`.
 */
export function kubeconfigFor(server: string): string {
  const name = 'simulator';
  return JSON.stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name, cluster: { server } }],
      users: [{ name, user: {} }],
      contexts: [{ name, context: { cluster: name, user: name, namespace: 'default' } }],
      'current-context': name,
    },
    null,
    2,
  );
}
