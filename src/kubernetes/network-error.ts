/**
 * Owns what it means when there is no answer at all: the error for a connection that could not be made, was refused for its
 * certificate, broke, or fell silent, in a sentence that tells an operator where to look.
 */
import { RetryableError, EcstateError } from '../errors.js';

/** The connection, or the answer on it, was silent for longer than is allowed. */
export class SilenceError extends Error {
  /** Milliseconds. */
  readonly limit: number;

  constructor(limit: number) {
    super(`Nothing was heard for ${limit / 1000} s.`);
    this.name = 'SilenceError';
    this.limit = limit;
  }
}

const UNTRUSTED = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
]);

/** The `code` of a system, TLS or HTTP parser error. */
export function errorCode(error: unknown): string {
  // A cast to a shape in which nothing is promised.
  const code = (error as { readonly code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

function sentence(error: unknown, server: string): string {
  const code = errorCode(error);
  // Attempts on several addresses of one name fail as an AggregateError, whose message is empty.
  const text = error instanceof Error && error.message !== '' ? error.message : String(code === '' ? error : code);
  if (error instanceof SilenceError) {
    return `${server} has not answered for ${error.limit / 1000} s. It may be overloaded or frozen, or the network drops its packets.`;
  }
  if (UNTRUSTED.has(code)) {
    return `The certificate of ${server} is not signed by an authority that is trusted (${code}). Set certificate-authority of the cluster in the kubeconfig to the one that signed it.`;
  }
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return `The certificate of ${server} has expired. Renew it at the cluster; also check this machine's clock.`;
    case 'CERT_NOT_YET_VALID':
      return `The certificate of ${server} is not valid yet. Check this machine's clock and the cluster's.`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `The certificate of ${server} is for another name (${text}). Use one of its names as the server, or set tls-server-name of the cluster in the kubeconfig.`;
    case 'ECONNREFUSED':
      return `Nothing answers at ${server} (${text}). Check that the cluster runs, and that the server of the kubeconfig's context is its address.`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `The host of ${server} is not known to DNS (${text}). Check the server of the kubeconfig's context.`;
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `${server} cannot be reached (${text}). Check the network and the firewalls between here and the cluster.`;
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
      return `${server} does not speak TLS as it should (${text}). Check whether the server of the kubeconfig's context should be http or another port.`;
    default:
      return `The connection to ${server} failed (${text}). The API server may have restarted.`;
  }
}

/** The error for a request that got no answer, or an answer that broke off. An error that is ecstate's own is given back as it is. */
export function networkError(error: unknown, server: string): EcstateError {
  if (error instanceof EcstateError) return error;
  return new RetryableError('KUBERNETES_UNAVAILABLE', sentence(error, server), { cause: error });
}
